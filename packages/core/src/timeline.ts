import { resolveStored } from './datetime.ts'
import { jitterMs } from './jitter.ts'
import { except, type Recurrence, since, until } from './recurrence.ts'
import { rule } from './rule.ts'
import type { DstMark, Occurrence, Policies, Schedule } from './schedule.ts'
import type { GapRun } from './zoned.ts'

/**
 * The occurrences of one job that may be sent: its rule within its bounds, outside its blackouts, and the jitter.
 *
 * An effective time comes before the next nominal one, so that nominal and effective times have the same order.
 */
export interface Timeline extends Recurrence {
  /** Those in blackouts too. */
  all: Recurrence
  /** The occurrence at a nominal instant, which must be one of the recurrence. */
  at(nominal: number): Occurrence
  /** The last nominal instant whose effective time is at or before an instant, or null. */
  lastEffectiveBy(instant: number): number | null
  mark(nominal: number): DstMark
  /** What gaps left out within the bounds, by the dst policy, after `from` (exclusive) and up to `to` (inclusive). */
  gapsIn(from: number, to: number): GapRun[]
}

/** @throws RangeError when the schedule or the zone is not one that was accepted. */
export function timeline(schedule: Schedule, { zone, seed, jitterSeconds, dst, blackouts }: Policies): Timeline {
  const it = rule(schedule, zone, dst)
  const [start, end] = boundsOf(schedule, zone)
  let all: Recurrence = it
  if (start !== null) all = since(all, start)
  if (end !== null) all = until(all, end)
  const open = except(all, blackouts)

  function effective(nominal: number): number {
    if (jitterSeconds <= 0) return nominal
    // Of the rule, not of its bounds: changing the end must not move an occurrence that stays.
    const next = it.after(nominal)
    const room = next === null ? Infinity : next - nominal - 1
    return nominal + jitterMs(seed, nominal, Math.min(jitterSeconds * 1000, room))
  }

  return {
    ...open,
    all,
    at: (nominal) => ({ nominal, effective: effective(nominal) }),
    lastEffectiveBy(instant) {
      const last = open.atOrBefore(instant)
      if (last === null || effective(last) <= instant) return last
      // Only the last can still wait for its jitter: every one before is effective before this one is nominal.
      return open.atOrBefore(last - 1)
    },
    mark: it.mark,
    gapsIn: (from, to) => it.gapsIn(Math.max(from, (start ?? -Infinity) - 1), Math.min(to, end ?? Infinity)),
  }
}

/** The first and the last instant that a schedule's occurrences may have; null for none. */
export function boundsOf(schedule: Schedule, zone: string): [start: number | null, end: number | null] {
  if (schedule.type === 'once') return [null, null]
  const start = schedule.type === 'interval' ? undefined : schedule.start
  return [
    start === undefined ? null : resolveStored(start, zone).instant,
    schedule.end === undefined ? null : resolveStored(schedule.end, zone).instant,
  ]
}
