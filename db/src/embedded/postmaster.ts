import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A running server, as its own lock file `postmaster.pid` tells. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** `ready` once it accepts connections; else `starting` or `stopping`. */
  readonly state: string
}

/** The server that runs on this data folder, or `null`. Removes the lock file of a dead server whose pid lives on. */
export function readPostmaster(data: string): Postmaster | null {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (pid > 0 && isAlive(pid)) {
    if (isServerOf(pid, data)) return { pid, port: Number(lines[3]), state: lines[7]?.trim() ?? 'starting' }
    // PostgreSQL itself overwrites a dead pid's file, but refuses one whose number now belongs to some other process.
    rmSync(file, { force: true })
  }
  return null
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isServerOf(pid: number, data: string): boolean {
  const [program = '', ...args] = commandLine(pid)
  if (basename(program) !== 'postgres') return false
  try {
    // A server works in its data folder, under whatever name that was opened.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
  } catch {
    return args.includes(data)
  }
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    return (stdout ?? '').trim().split(' ')
  }
}
