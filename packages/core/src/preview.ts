import { has, type Recurrence, rangeOf } from './recurrence.ts'
import { rule } from './rule.ts'
import type { DstMark, Occurrence, Policies, Schedule } from './schedule.ts'
import { type Timeline, timeline } from './timeline.ts'

/** An occurrence to come, or one that the rule names and that will not be sent. Milliseconds since 1970. */
export interface Foreseen extends Occurrence {
  dst: DstMark
  /** Why it will not be sent. Its effective time is then its nominal one. */
  skipped: 'blackout' | 'dst_gap' | null
}

export interface PreviewOptions {
  /** How many to list at the most. */
  limit: number
  /** The last nominal instant to list, inclusive. */
  until?: number | undefined
  /** How many of `maxRuns` were sent before. */
  runs?: number | undefined
}

/**
 * Everything that a schedule names after an instant, in order: what will be sent, and what blackouts and gaps leave out. It
 * ends with the last of `maxRuns`. The cost grows with what is listed only.
 *
 * `exhausted`: the schedule names nothing after the last one listed.
 *
 * @throws RangeError when the schedule or the zone is not one that was accepted.
 */
export function preview(
  schedule: Schedule,
  policies: Policies,
  after: number,
  { limit, until = Infinity, runs = 0 }: PreviewOptions,
): { occurrences: Foreseen[]; exhausted: boolean } {
  const line = timeline(schedule, policies)
  const all = withSkipped(schedule, policies, line)
  const found: Foreseen[] = []
  let left = policies.maxRuns === null ? Infinity : policies.maxRuns - runs
  let last = after
  while (left > 0) {
    const next = all.after(last)
    if (next === null) return { occurrences: found, exhausted: true }
    if (found.length >= limit || next > until) return { occurrences: found, exhausted: false }
    last = next
    if (all !== line.all && !has(line.all, next)) {
      found.push({ nominal: next, effective: next, dst: 'gap_skipped', skipped: 'dst_gap' })
      continue
    }
    const dst = line.mark(next)
    if (rangeOf(policies.blackouts, next)) found.push({ nominal: next, effective: next, dst, skipped: 'blackout' })
    else {
      found.push({ ...line.at(next), dst, skipped: null })
      left -= 1
    }
  }
  return { occurrences: found, exhausted: true }
}

/**
 * The occurrences with those that gaps leave out: a policy that moves them names the instants that stand for them. To look
 * for gaps instead would mean to read each year of the zone up to the next occurrence, which may be in the year 9000.
 */
function withSkipped(schedule: Schedule, policies: Policies, line: Timeline): Pick<Recurrence, 'after'> {
  if (policies.dst.gap !== 'skip') return line.all
  return timeline(schedule, { ...policies, dst: { ...policies.dst, gap: 'shift' } }).all
}

/** Up to `limit` occurrences that will be sent, after an instant; `maxRuns` counted from `runs`. */
export function upcoming(
  schedule: Schedule,
  policies: Policies,
  after: number,
  { limit, runs = 0 }: Omit<PreviewOptions, 'until'>,
): Foreseen[] {
  const line = timeline(schedule, policies)
  const most = policies.maxRuns === null ? limit : Math.min(limit, policies.maxRuns - runs)
  const found: Foreseen[] = []
  for (let next = line.after(after); next !== null && found.length < most; next = line.after(next)) {
    found.push({ ...line.at(next), dst: line.mark(next), skipped: null })
  }
  return found
}

/** The latest effective time that an occurrence may be given by its jitter, whatever the job's id. */
export function latestEffective(schedule: Schedule, { zone, dst, jitterSeconds }: Policies, nominal: number): number {
  if (jitterSeconds <= 0) return nominal
  const next = rule(schedule, zone, dst).after(nominal)
  return Math.min(nominal + jitterSeconds * 1000, next === null ? Infinity : next - 1)
}
