import type { SkipReason } from './execution.ts'
import type { Recurrence } from './recurrence.ts'
import type { Misfire, Occurrence } from './schedule.ts'
import type { Timeline } from './timeline.ts'

/** Consecutive occurrences that are not sent, for one reason. `first` and `last` are nominal, in ms since 1970. */
export interface Unsent {
  reason: SkipReason | 'expired'
  first: number
  last: number
  count: number
}

/** Above this, `skip` takes an occurrence for missed. A dispatch pass is always some milliseconds late. */
const SKIP_TOLERANCE_MS = 1000

/**
 * What becomes of the due occurrences: those after `cursor` and up to `last`, both nominal, seen at `now`.
 *
 * Those later than the grace are `missed_grace`. Of the rest `last` sends the newest and `all` the newest `max`, the
 * older are `coalesced`; `skip` sends those that are not late. The cost does not grow with the number of occurrences,
 * only with the number sent.
 */
export function misfire(
  line: Timeline,
  { policy, graceSeconds, max }: Misfire,
  cursor: number,
  last: number,
  now: number,
): { send: Occurrence[]; unsent: Unsent[] } {
  const graceMs = policy === 'skip' ? Math.min(SKIP_TOLERANCE_MS, graceSeconds * 1000) : graceSeconds * 1000
  const missed = Math.max(cursor, line.lastEffectiveBy(now - graceMs - 1) ?? cursor)
  const limit = policy === 'last' ? 1 : policy === 'all' ? max : Infinity
  const send: Occurrence[] = []
  let rest: number | null = last
  while (rest !== null && rest > missed && send.length < limit) {
    send.push(line.at(rest))
    rest = line.atOrBefore(rest - 1)
  }
  const unsent = [
    ...run(line, 'missed_grace', cursor, missed),
    ...run(line, 'coalesced', missed, Math.max(missed, rest ?? missed)),
  ]
  return { send: send.reverse(), unsent }
}

/** The occurrences after `from` and up to `to` as at most one run. */
export function run(line: Recurrence, reason: Unsent['reason'], from: number, to: number): Unsent[] {
  const first = from < to ? line.after(from) : null
  return first === null || first > to ? [] : [{ reason, first, last: to, count: line.countIn(from, to) }]
}
