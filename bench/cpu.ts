import { readdirSync, readFileSync } from 'node:fs'

/** Kernel ticks a second, as `getconf CLK_TCK` has it on every Linux. */
const TICKS = 100

interface Stat {
  ppid: number
  /** Own time and that of children that have ended, seconds. */
  seconds: number
}

function stat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [, ppid = 0] = fields
    return { ppid, seconds: fields.slice(11, 15).reduce((sum, it) => sum + it, 0) / TICKS }
  } catch {
    return null
  }
}

/** The process that started this one; null when it is gone. Linux only. */
export const parentOf = (pid: number): number | null => stat(pid)?.ppid ?? null

/** CPU time that a process has used with all its children, seconds; 0 when it is gone. Linux only. */
export function cpuSeconds(pid: number): number {
  let sum = stat(pid)?.seconds ?? 0
  for (const name of readdirSync('/proc')) {
    const child = Number(name)
    if (!Number.isInteger(child)) continue
    const it = stat(child)
    if (it?.ppid === pid) sum += it.seconds
  }
  return sum
}
