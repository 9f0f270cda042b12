import { readStored, resolveStored } from './datetime.ts'
import { interval } from './interval.ts'
import { jitterMs } from './jitter.ts'
import { type Recurrence, single, until } from './recurrence.ts'
import type { Occurrence, Policies, Schedule } from './schedule.ts'

/**
 * The occurrences of one job: its recurrence within its bounds, and the jitter.
 *
 * An effective time comes before the next nominal one, so that nominal and effective times have the same order.
 */
export interface Timeline extends Recurrence {
  /** The occurrence at a nominal instant, which must be one of the recurrence. */
  at(nominal: number): Occurrence
  /** The last nominal instant whose effective time is at or before an instant, or null. */
  lastEffectiveBy(instant: number): number | null
}

/** @throws RangeError when the schedule or the zone is not one that was accepted. */
export function timeline(schedule: Schedule, { zone, seed, jitterSeconds }: Policies): Timeline {
  const rule = recurrence(schedule, zone)
  const bounded = bound(rule, schedule, zone)

  function effective(nominal: number): number {
    if (jitterSeconds <= 0) return nominal
    // Of the rule, not of its bounds: changing the end must not move an occurrence that stays.
    const next = rule.after(nominal)
    const room = next === null ? Infinity : next - nominal - 1
    return nominal + jitterMs(seed, nominal, Math.min(jitterSeconds * 1000, room))
  }

  return {
    ...bounded,
    at: (nominal) => ({ nominal, effective: effective(nominal) }),
    lastEffectiveBy(instant) {
      const last = bounded.atOrBefore(instant)
      if (last === null || effective(last) <= instant) return last
      // Only the last can still wait for its jitter: every one before is effective before this one is nominal.
      return bounded.atOrBefore(last - 1)
    },
  }
}

function recurrence(schedule: Schedule, zone: string): Recurrence {
  switch (schedule.type) {
    case 'once':
      return single(readStored(schedule.at).instant)
    case 'interval':
      return interval(schedule, zone)
  }
}

function bound(rule: Recurrence, schedule: Schedule, zone: string): Recurrence {
  if (schedule.type === 'once' || schedule.end === undefined) return rule
  return until(rule, resolveStored(schedule.end, zone).instant)
}
