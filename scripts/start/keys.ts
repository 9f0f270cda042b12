import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readKeys } from '../../packages/core/src/seal.ts'
import { Fault } from './settings.ts'

export interface KeyPlace {
  /** As the variable ENCRYPTION_KEYS has it. */
  readonly value: string
  /** Where it is kept; null where the environment gives it. */
  readonly file: string | null
}

/**
 * The keys that secrets of jobs are kept under: those of the environment, or one that is made once and kept in DATA_DIR.
 *
 * @param makes false where there is nothing that a new key could open
 * @throws Fault when the file is there and has no keys, or is not there and none is to be made
 */
export function openKeys(
  env: Readonly<Record<string, string | undefined>>,
  dataDir: string,
  { makes = true } = {},
): KeyPlace {
  if (env.ENCRYPTION_KEYS?.trim()) return { value: env.ENCRYPTION_KEYS, file: null }
  const file = join(dataDir, 'encryption-keys')
  const found = read(file)
  if (found === null && !makes) {
    throw new Fault(`There is no key to seal with: set ENCRYPTION_KEYS, the newest first; ${file} is not there either.`)
  }
  const value = found ?? make(file, dataDir)
  try {
    if (readKeys(value.split(',').map((it) => it.trim())).list.length > 0) return { value, file }
  } catch (error) {
    throw new Fault(`${file} is not as it was made: ${error instanceof Error ? error.message : error}.`, {
      cause: error,
    })
  }
  throw new Fault(`${file} has no key.`)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Fault(`${file}, which keeps the key of secrets, cannot be read: ${(error as Error).message}.`)
  }
}

/** Under another name first: it is there as a whole or not at all, and of two starts at once both have the same. */
function make(file: string, dataDir: string): string {
  // An id of its own: a secret says by it which key it asks for, also when this one is lost and another is made.
  const value = `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`
  const half = `${file}-${process.pid}`
  try {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(half, `${value}\n`, { mode: 0o600 })
  } catch (error) {
    const { message } = error as Error
    throw new Fault(
      `No key for secrets can be kept in ${dataDir} (${message}): set ENCRYPTION_KEYS, or another DATA_DIR.`,
    )
  }
  try {
    linkSync(half, file)
    return value
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return read(file) ?? value
  } finally {
    rmSync(half, { force: true })
  }
}
