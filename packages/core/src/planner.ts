import { misfire, run, type Unsent } from './misfire.ts'
import type { Occurrence, Policies, Schedule } from './schedule.ts'
import { timeline } from './timeline.ts'

/** What a dispatch pass does with one job. All instants are in milliseconds since 1970. */
export interface Plan {
  /** To be executed now, oldest first. */
  send: Occurrence[]
  /** Due, but not sent; oldest first. */
  unsent: Unsent[]
  /** The first occurrence that is not due yet, or null when none is left. */
  next: Occurrence | null
  /** The nominal instant up to which, inclusive, every occurrence is now accounted for. */
  cursor: number
}

/**
 * What is to be done with a job at an instant, and when to look at it again.
 *
 * Pure: the answer depends on the arguments and the time zone database alone. An occurrence is due when it lies after
 * the cursor and its effective time has come; `send` and `unsent` together hold each due occurrence exactly once,
 * however long ago the last pass was.
 *
 * A one-time job is sent within its grace and `expired` past it, whatever its misfire policy.
 *
 * @throws RangeError when the schedule or the zone is not one that was accepted.
 */
export function plan(schedule: Schedule, policies: Policies, cursor: number, now: number): Plan {
  const line = timeline(schedule, policies)
  const last = line.lastEffectiveBy(now)
  const isDue = last !== null && last > cursor
  const reached = isDue ? last : cursor
  const next = line.after(reached)
  return {
    ...(isDue ? decide() : { send: [], unsent: [] }),
    next: next === null ? null : line.at(next),
    cursor: reached,
  }

  function decide(): Pick<Plan, 'send' | 'unsent'> {
    if (schedule.type !== 'once') return misfire(line, policies.misfire, cursor, reached, now)
    const occurrence = line.at(reached)
    return now - occurrence.effective > policies.misfire.graceSeconds * 1000
      ? { send: [], unsent: run(line, 'expired', cursor, reached) }
      : { send: [occurrence], unsent: [] }
  }
}

/** The first occurrence with a nominal time strictly after an instant, or null when none is left. */
export function nextOccurrence(schedule: Schedule, policies: Policies, after: number): Occurrence | null {
  return occurrences(schedule, policies, after, 1)[0] ?? null
}

/** Up to `limit` occurrences with a nominal time strictly after an instant, in order. */
export function occurrences(schedule: Schedule, policies: Policies, after: number, limit: number): Occurrence[] {
  const line = timeline(schedule, policies)
  const found: Occurrence[] = []
  for (let next = line.after(after); next !== null && found.length < limit; next = line.after(next)) {
    found.push(line.at(next))
  }
  return found
}

/**
 * The cursor of a job that is created, or given another schedule, at an instant.
 *
 * It is that instant: what the schedule named before was never promised, what it names after is due in its turn. So a
 * future start date is itself the first occurrence, a past one only sets the beat.
 */
export function firstCursor(_schedule: Schedule, createdAt: number): number {
  return createdAt
}
