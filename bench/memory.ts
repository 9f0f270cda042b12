import { readdirSync, readFileSync } from 'node:fs'
import { parentOf } from './cpu.ts'

const MIB = 1_024

/** Memory that a process holds, MiB; 0 when it is gone. Linux only. */
export function residentMib(pid: number): number {
  return kib(`/proc/${pid}/status`, 'VmRSS') / MIB
}

/**
 * Memory of a process with all its children, MiB, in which what they share counts once. A server's processes share most of
 * theirs.
 */
export function familyMib(pid: number): number {
  const children = readdirSync('/proc')
    .map(Number)
    .filter((it) => Number.isInteger(it) && parentOf(it) === pid)
  return [pid, ...children].reduce((sum, it) => sum + kib(`/proc/${it}/smaps_rollup`, 'Pss'), 0) / MIB
}

function kib(path: string, name: string): number {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
