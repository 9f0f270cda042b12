// What the faults of a run explain.
import type { Fault } from '../history.ts'

export interface Faults {
  /** Whether what was due at `due` may not have been done before `at`: hardly later (`slackMs`), or because of faults. */
  mayTake(due: number, at: number, slackMs?: number): boolean
  /** Whether something that hit this worker, or all, went on between these moments. */
  hit(from: number, to: number, pid: number | null): boolean
  /** The same of what can make an attempt that was in flight necessary again. */
  mayRepeat(from: number, to: number, pid: number | null): boolean
  /** Whether this very worker was held up from before `from` until shortly before `to`. */
  stoodStill(from: number, to: number, pid: number | null): boolean
}

/** Of `Bounds`, all given. */
export interface Allowances {
  lateMs: number
  promptMs: number
  recoveryMs: number
}

export function faultsOf(all: Fault[], { lateMs, promptMs, recoveryMs }: Allowances): Faults {
  const troubles = merged(all.map(({ from, to }) => ({ from, to: to + recoveryMs })))
  const repeating = all.filter((it) => it.mayRepeat)
  const overlaps = (those: Fault[], from: number, to: number, pid: number | null) =>
    those.some((it) => it.from <= to && it.to >= from && (!it.pids || pid === null || it.pids.includes(pid)))
  return {
    mayTake(due, at, slackMs = lateMs) {
      if (at <= due + slackMs) return true
      // The last that had begun by then: what is late already when a trouble begins is late for another reason.
      const cause = troubles.findLast((it) => it.from <= due + slackMs)
      return cause !== undefined && at <= cause.to + slackMs
    },
    hit: (from, to, pid) => overlaps(all, from, to, pid),
    mayRepeat: (from, to, pid) => overlaps(repeating, from, to, pid),
    stoodStill: (from, to, pid) =>
      all.some((it) => it.pids?.includes(pid ?? -1) && it.from <= from && it.to >= from && to <= it.to + promptMs),
  }
}

interface Window {
  from: number
  to: number
}

/** In order, and those that touch as one. */
function merged(windows: Window[]): Window[] {
  const out: Window[] = []
  for (const it of windows.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last && it.from <= last.to) last.to = Math.max(last.to, it.to)
    else out.push({ ...it })
  }
  return out
}
