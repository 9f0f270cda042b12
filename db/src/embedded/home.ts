import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Account, chooseOwner, openAccount } from './account.ts'
import { type Binaries, EmbeddedError, MAJOR_VERSION } from './binaries.ts'
import { isAlive } from './postmaster.ts'

/** The database that is there from the beginning, and its superuser's name. */
export const DATABASE = 'scheduler'

/** The server's own folder inside DATA_DIR; `data` in it is PostgreSQL's. */
export interface Home {
  readonly data: string
  readonly password: string
  readonly account: Account
}

/**
 * The server's folder, made first when there is none.
 *
 * It is made under another name and then renamed, so that a start killed half-way leaves nothing that looks complete,
 * and of several starts at once one wins and the others use its folder.
 */
export async function openHome(
  dataDir: string,
  binaries: Binaries,
  { durable, onInit }: { durable: boolean; onInit: () => void },
): Promise<Home> {
  const path = join(dataDir, 'postgres')
  try {
    mkdirSync(dataDir, { recursive: true })
    if (!existsSync(path)) {
      onInit()
      await removeHalfMade(dataDir)
      await make(dataDir, path, binaries, durable)
    }
    const version = readFileSync(join(path, 'data', 'PG_VERSION'), 'utf8').trim()
    if (version !== MAJOR_VERSION) {
      throw new EmbeddedError(
        `The data in ${path} is of PostgreSQL ${version}, the server here is ${MAJOR_VERSION}: set DATA_DIR to another folder.`,
      )
    }
    const password = readFileSync(join(path, 'password'), 'utf8').trim()
    return { data: join(path, 'data'), password, account: openAccount(chooseOwner(path), path, binaries) }
  } catch (error) {
    throw explain(error, dataDir, path)
  }
}

/** Files of a start that is no longer there to finish them. */
async function removeHalfMade(dataDir: string): Promise<void> {
  for (const name of readdirSync(dataDir)) {
    const pid = /^init-(\d+)-/.exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) await rm(join(dataDir, name), { recursive: true, force: true })
  }
}

async function make(dataDir: string, path: string, binaries: Binaries, durable: boolean): Promise<void> {
  const half = mkdtempSync(join(dataDir, `init-${process.pid}-`))
  const data = join(half, 'data')
  const password = join(half, 'password')
  try {
    mkdirSync(data, { mode: 0o700 })
    await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 })
    const owner = chooseOwner(path)
    if (owner) for (const each of [half, data, password]) chownSync(each, owner.uid, owner.gid)
    const account = openAccount(owner, half, binaries)

    // Builtin C.UTF-8 is the same everywhere: it needs no locale of the machine, and no LANG.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const access = [`--username=${DATABASE}`, `--pwfile=${password}`, '--auth=scram-sha-256']
    await run(account, binaries.initdb, ['-D', data, ...locale, ...access, ...(durable ? [] : ['--no-sync'])])
    // Single-user mode, so that the folder is complete before anyone can see it.
    await run(account, binaries.postgres, ['--single', '-D', data, 'postgres'], `create database ${DATABASE}\n`)
    await rename(half, path)
  } catch (error) {
    await rm(half, { recursive: true, force: true })
    // Another start was faster; its folder is as good as ours.
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return
    throw error
  }
}

async function run(account: Account, program: string, args: string[], input = ''): Promise<void> {
  const [command, all] = account.command(program, args)
  const child = spawn(command, all, { ...account.spawn, detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.end(input)
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  const fault = /(?:error|ERROR|FATAL|PANIC): .*/.exec(output)?.[0]
  if (code !== 0 || fault) throw new EmbeddedError(`${basename(program)} failed: ${fault ?? `exit code ${code}`}`)
}

function explain(error: unknown, dataDir: string, path: string): unknown {
  const { code, path: at = path } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new EmbeddedError(
        `${at} belongs to another user or may not be written: make ${dataDir} yours, or set DATA_DIR to another folder.`,
      )
    case 'EEXIST':
    case 'ENOTDIR':
      return new EmbeddedError(`${at} is a file where a folder is needed: set DATA_DIR to another folder.`)
    case 'ENOENT':
      return new EmbeddedError(
        `The data folder is broken, ${at} is missing: move ${path} away to begin anew, or set DATA_DIR to another folder.`,
      )
    case 'ENOSPC':
    case 'EROFS':
      return new EmbeddedError(`${dataDir} cannot hold the database (${code}): set DATA_DIR to another folder.`)
    default:
      return error
  }
}
