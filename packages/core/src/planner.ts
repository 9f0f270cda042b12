import { misfire, run, type Unsent } from './misfire.ts'
import { overlap, type Send } from './overlap.ts'
import { rangeOf } from './recurrence.ts'
import { type JobState, type Occurrence, type Policies, type Schedule, untouched } from './schedule.ts'
import { type Timeline, timeline } from './timeline.ts'

/** What a dispatch pass does with one job. All instants are in milliseconds since 1970. */
export interface Plan {
  /** To be executed, oldest first. */
  send: Send[]
  /** Due, but not sent; by their first occurrence. */
  unsent: Unsent[]
  /** Whether the job's unfinished executions are to be cancelled before. */
  cancel: boolean
  /** The first occurrence that is to be sent and is not due yet, or null when none is left. */
  next: Occurrence | null
  /** When to look at the job again: then `next` is due, or a run of what is not to be sent is complete. Null: never. */
  wakeAt: number | null
  /** The nominal instant up to which, inclusive, every occurrence is now accounted for. */
  cursor: number
  /** `JobState.runs` with what is sent now. */
  runs: number
}

/**
 * What is to be done with a job at an instant, and when to look at it again.
 *
 * Pure: the answer depends on the arguments and the time zone database alone. An occurrence is due when it lies after
 * the cursor and its effective time has come; `send` and `unsent` together hold each due occurrence exactly once,
 * however long ago the last pass was. What lies in a blackout, or was left out by a gap, is due at its nominal time.
 *
 * A one-time job is sent within its grace and `expired` past it, whatever its misfire policy.
 *
 * @throws RangeError when the schedule or the zone is not one that was accepted.
 */
export function plan(
  schedule: Schedule,
  policies: Policies,
  cursor: number,
  now: number,
  state: JobState = untouched,
): Plan {
  const line = timeline(schedule, policies)
  const left = policies.maxRuns === null ? Infinity : policies.maxRuns - state.runs
  if (left <= 0) return { send: [], unsent: [], cancel: false, next: null, wakeAt: null, cursor, runs: state.runs }

  const last = line.lastEffectiveBy(now)
  const reached = last !== null && last > cursor ? last : cursor
  const decided = reached > cursor ? decide() : { send: [], unsent: [] }
  const { send: sendable, skipped, cancel } = overlap(policies.overlap, decided.send, state)
  const send = sendable.slice(0, left)
  const runs = state.runs + send.length
  if (send.length === left) return exhausted()

  const upcoming = line.after(reached)
  // What waits for its jitter comes before whatever was left out after it.
  const bound = upcoming === null ? now : Math.min(now, upcoming - 1)
  const omitted = omissions(line, policies, cursor, bound)
  const end = Math.max(reached, ...omitted.map((it) => it.last))
  return {
    send,
    unsent: inOrder([...decided.unsent, ...overlapped(skipped), ...omitted]),
    cancel,
    next: upcoming === null ? null : line.at(upcoming),
    wakeAt: wakeAfter(line, policies, end, upcoming, now),
    cursor: end,
    runs,
  }

  function decide(): { send: Occurrence[]; unsent: Unsent[] } {
    if (schedule.type !== 'once') return misfire(line, policies.misfire, cursor, reached, now)
    const occurrence = line.at(reached)
    return now - occurrence.effective > policies.misfire.graceSeconds * 1000
      ? { send: [], unsent: run(line, 'expired', cursor, reached) }
      : { send: [occurrence], unsent: [] }
  }

  /** The last run is sent: what comes after it is no occurrence of the job any more. */
  function exhausted(): Plan {
    const final = send.at(-1)?.nominal ?? reached
    const before = [...decided.unsent, ...overlapped(skipped), ...omissions(line, policies, cursor, final)]
    const unsent = before.filter((it) => it.first < final)
    return { send, unsent: inOrder(unsent), cancel, next: null, wakeAt: null, cursor: final, runs }
  }
}

/** What is left out after `from` (exclusive) and up to `to` (inclusive) by blackouts and by gaps. */
export function omissions(line: Timeline, { blackouts }: Policies, from: number, to: number): Unsent[] {
  if (from >= to) return []
  const dark = blackouts.flatMap((it) => {
    const [low, end] = [Math.max(from, it.from - 1), Math.min(to, it.to - 1)]
    const high = low < end ? line.all.atOrBefore(end) : null
    return high === null ? [] : run(line.all, 'blackout', low, high)
  })
  const gaps = line.gapsIn(from, to).map((it): Unsent => ({ reason: 'dst_gap', ...it }))
  return [...dark, ...gaps]
}

/** How far ahead gaps are looked for, ms: when the next occurrence is further away, the job is looked at once more then. */
const GAP_HORIZON = 10 * 366 * 86_400_000

/** When the next occurrence is due, or what comes before it and is left out is complete. */
function wakeAfter(
  line: Timeline,
  { blackouts, dst }: Policies,
  cursor: number,
  next: number | null,
  now: number,
): number | null {
  const wakes = next === null ? [] : [line.at(next).effective]
  const dark = blackouts.length === 0 ? null : line.all.after(cursor)
  const hole = dark === null ? undefined : rangeOf(blackouts, dark)
  if (hole) {
    const last = line.all.atOrBefore(hole.to - 1)
    if (last !== null) wakes.push(last)
  }
  // Without a next occurrence the rule ends soon: what its last days may have lost to a gap is seen within a year.
  const horizon = Math.max(cursor, now) + GAP_HORIZON
  const [gap] = line.gapsIn(cursor, Math.min(horizon, next ?? cursor + 400 * 86_400_000))
  if (gap) wakes.push(gap.last)
  else if (dst.gap === 'skip' && next !== null && next > horizon) wakes.push(horizon)
  return wakes.length === 0 ? null : Math.min(...wakes)
}

function overlapped(skipped: Occurrence[]): Unsent[] {
  const [first, last] = [skipped[0], skipped.at(-1)]
  if (!first || !last) return []
  return [{ reason: 'overlap_skipped', first: first.nominal, last: last.nominal, count: skipped.length }]
}

const inOrder = (unsent: Unsent[]): Unsent[] => unsent.sort((a, b) => a.first - b.first)

/** The first occurrence to be sent with a nominal time strictly after an instant, or null when none is left. */
export function nextOccurrence(schedule: Schedule, policies: Policies, after: number): Occurrence | null {
  return occurrences(schedule, policies, after, 1)[0] ?? null
}

/** Up to `limit` occurrences to be sent with a nominal time strictly after an instant, in order. */
export function occurrences(schedule: Schedule, policies: Policies, after: number, limit: number): Occurrence[] {
  const line = timeline(schedule, policies)
  const found: Occurrence[] = []
  for (let next = line.after(after); next !== null && found.length < limit; next = line.after(next)) {
    found.push(line.at(next))
  }
  return found
}

/** A job's clock once every occurrence up to `cursor` is accounted for: the next one, and when to look at it. */
export function clockAfter(schedule: Schedule, policies: Policies, cursor: number): Pick<Plan, 'next' | 'wakeAt'> {
  const line = timeline(schedule, policies)
  const next = line.after(cursor)
  return { next: next === null ? null : line.at(next), wakeAt: wakeAfter(line, policies, cursor, next, cursor) }
}
