// The release before this version, from the repository's own history.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** That of version 0.1.0. */
const COMMIT = '115835f05ec26d558864f9cf19052e0a26984b56'
const PNPM = 'pnpm@12.21.0'
const INSTALL_MS = 180_000

export interface Release {
  /** Files that `node` runs. */
  worker: string
  api: string
  /** Brings an empty database to its schema. */
  migrate(url: string): Promise<void>
  remove(): void
}

/**
 * Checks it out into a temporary folder and installs its dependencies: from pnpm's store, or else from the registry.
 * @throws Error that says why it can't
 */
export async function checkOutRelease(): Promise<Release> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-release-'))
  try {
    const archive = join(folder, 'release.tar')
    await run('git', ['archive', '--output', archive, COMMIT], { cwd: root }).catch(() => {
      throw new Error(
        `The history that is here does not have ${COMMIT.slice(0, 7)}, the release before. Fetch all of it.`,
      )
    })
    await run('tar', ['-xf', archive], { cwd: folder })
    await install(folder)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return {
    worker: join(folder, 'apps/worker/src/main.ts'),
    api: join(folder, 'apps/api/src/main.ts'),
    async migrate(url) {
      const code = `import { applyMigrations } from './db/src/migrate.ts'; await applyMigrations(process.env.DATABASE_URL)`
      const env = { ...process.env, DATABASE_URL: url }
      await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, env })
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function install(folder: string): Promise<void> {
  // A lockfile of its own and a workspace of its own: nothing of this one is touched.
  const args = ['-y', PNPM, 'install', '--frozen-lockfile', '--ignore-scripts', '--prefer-offline']
  await run('npx', args, { cwd: folder, timeout: INSTALL_MS }).catch(() => {
    throw new Error('The dependencies of the release before could not be installed.')
  })
}
