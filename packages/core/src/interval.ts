import { MAX_INSTANT, resolveStored } from './datetime.ts'
import { plus, type Recurrence, since, until } from './recurrence.ts'
import type { Dst, Every, IntervalSchedule } from './schedule.ts'
import { type Resolved, toInstant } from './timezone.ts'
import { type Zoned, zoned } from './zoned.ts'

const DAY = 86_400_000
// Average of the Gregorian calendar's 400-year cycle.
const MONTH = 30.436875 * DAY
const MAX_YEARS = 100

/** The largest value of each unit: a hundred years of it, which is also the longest interval. */
export const everyLimits = {
  years: MAX_YEARS,
  months: MAX_YEARS * 12,
  weeks: 5_217,
  days: 36_525,
  hours: 876_600,
  minutes: 52_596_000,
  seconds: 3_155_760_000,
} as const satisfies Record<keyof Every, number>

const units = Object.keys(everyLimits) as (keyof Every)[]

/** What is wrong with an interval, or null when it is fine. `unit` is null when no unit is to blame alone. */
export function checkEvery(every: Every): { unit: keyof Every | null; message: string } | null {
  let share = 0
  for (const unit of units) {
    const value = every[unit] ?? 0
    if (!Number.isInteger(value) || value < 0) return { unit, message: 'must be a whole number, 0 or more' }
    if (value > everyLimits[unit]) return { unit, message: `must be at most ${everyLimits[unit]} (${MAX_YEARS} years)` }
    share += value / everyLimits[unit]
  }
  if (share === 0) return { unit: null, message: `at least one of ${units.join(', ')} must be more than 0` }
  if (share > 1) return { unit: null, message: `the whole interval must be at most ${MAX_YEARS} years` }
  return null
}

/** Whether an interval has units that the calendar decides. */
export const hasCalendarUnit = ({ years, months, weeks, days }: Every): boolean =>
  Boolean(years || months || weeks || days)

/** Whether an interval has units that are plain durations. */
export const hasExactUnit = ({ hours, minutes, seconds }: Every): boolean => Boolean(hours || minutes || seconds)

/**
 * The occurrences `anchor + n × every`, by arithmetic on n.
 *
 * Years, months, weeks and days are added to the anchor's wall time in the zone, so that 08:00 stays 08:00; a day of
 * the month that does not exist becomes the last one. Hours, minutes and seconds are added after, as a duration. The
 * bounds of the schedule are not applied here. `dst` is for calendar units; with exact units beside them, `skip` and
 * `both` would name no single instant to add to, and count as `shift` and `first`.
 *
 * @param zone as `parseZone` returns it
 * @throws RangeError when the schedule is not one that was accepted.
 */
export function interval(schedule: IntervalSchedule, zone: string, dst: Dst): Zoned {
  const { every, anchorGiven } = schedule
  const fault = checkEvery(every)
  if (fault) throw new RangeError(`bad interval: ${fault.unit ?? 'every'} ${fault.message}`)
  const anchor = resolveStored(schedule.anchor, zone)
  const first = anchorGiven ? 0 : 1
  const months = (every.years ?? 0) * 12 + (every.months ?? 0)
  const days = (every.weeks ?? 0) * 7 + (every.days ?? 0)
  const exact = (((every.hours ?? 0) * 60 + (every.minutes ?? 0)) * 60 + (every.seconds ?? 0)) * 1000
  if (months === 0 && days === 0) {
    return unmarked(
      stepped((index) => anchor.instant + index * exact, { origin: anchor.instant, average: exact, first }),
    )
  }

  const wallAt = (index: number) => addMonths(anchor.wall, index * months) + index * days * DAY
  const average = months * MONTH + days * DAY
  // The anchor is an instant: its offset says which of two equal wall times it is.
  const repeated = anchorGiven && toInstant(zone, anchor.wall).kind === 'fold'
  if (exact > 0) {
    const at = (index: number) =>
      (index === 0 && repeated ? anchor.instant : placed(zone, wallAt(index), dst)) + index * exact
    return unmarked(stepped(at, { origin: anchor.instant, average: average + exact, first }))
  }

  const walls = (from: number) => stepped(wallAt, { origin: anchor.wall, average, first: from })
  const rule = zoned(walls(first), zone, dst)
  if (!repeated) return rule
  if (dst.fold === 'both') return { ...rule, ...since(rule, anchor.instant) }
  const rest = zoned(walls(1), zone, dst)
  return { ...rest, ...plus(rest, [anchor.instant]) }
}

/** The recurrence of values that rise with their index. `average` is about their distance. */
function stepped(
  at: (index: number) => number,
  { origin, average, first }: { origin: number; average: number; first: number },
): Recurrence {
  /** The least index of a value after another. */
  function indexAfter(value: number): number {
    let index = Math.max(first, Math.floor((Math.min(value, LAST) - origin) / average) + 1)
    // The estimate is off by the unequal lengths of months and by the zone's offsets: one or two at the most.
    while (index > first && at(index - 1) > value) index -= 1
    while (at(index) <= Math.min(value, LAST)) index += 1
    return index
  }
  return {
    after(value) {
      const next = at(indexAfter(value))
      return next <= LAST && next > value ? next : null
    },
    atOrBefore(value) {
      const index = indexAfter(value) - 1
      return index < first ? null : at(index)
    },
    countIn: (from, to) => Math.max(0, indexAfter(to) - indexAfter(from)),
  }
}

/** Wall times of the last day may lie a zone's offset behind the last instant. */
const LAST = MAX_INSTANT + DAY

/** Exact units have nothing that a change of clock could touch. */
function unmarked(rule: Recurrence): Zoned {
  return { ...until(rule, MAX_INSTANT), mark: () => null, gapsIn: () => [] }
}

function placed(zone: string, wall: number, { gap, fold }: Dst): number {
  const found: Resolved = toInstant(zone, wall)
  if (found.kind === 'gap' && gap === 'next_valid') return found.gapEnd
  return found.kind === 'fold' && fold === 'second' ? found.second : found.instant
}

function addMonths(wall: number, months: number): number {
  if (months === 0) return wall
  const date = new Date(wall)
  const timeOfDay = wall - Math.floor(wall / DAY) * DAY
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate()]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(day, lastDay)) + timeOfDay
}
