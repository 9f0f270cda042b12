import { MAX_INSTANT, resolveStored } from './datetime.ts'
import type { Recurrence } from './recurrence.ts'
import type { Every, IntervalSchedule } from './schedule.ts'
import { toInstant } from './timezone.ts'
import { zoneTable } from './zone-table.ts'

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

/** The recurrence of an interval schedule, with its occurrences by index. */
export interface Interval extends Recurrence {
  /** `anchor + index × every`, in milliseconds since 1970. Two indices may share an instant, see `interval`. */
  occurrenceAt(index: number): number
  /** The least index, from 0 or 1 on, of an occurrence after an instant. */
  indexAfter(instant: number): number
}

/**
 * The occurrences `anchor + n × every`, by arithmetic on n.
 *
 * Years, months, weeks and days are added to the anchor's wall time in the zone, so that 08:00 stays 08:00; a day of
 * the month that does not exist becomes the last one. Hours, minutes and seconds are added after, as a duration. The
 * end of the schedule is not applied here.
 *
 * When a zone leaves out a whole day (Apia, 30 December 2011), the daily time of that day falls on the next one's: the
 * two indices are one occurrence.
 *
 * @param zone as `parseZone` returns it
 * @throws RangeError when the schedule is not one that was accepted.
 */
export function interval(schedule: IntervalSchedule, zone: string): Interval {
  const { every } = schedule
  const fault = checkEvery(every)
  if (fault) throw new RangeError(`bad interval: ${fault.unit ?? 'every'} ${fault.message}`)
  const anchor = resolveStored(schedule.anchor, zone)
  const first = schedule.anchorGiven ? 0 : 1
  const months = (every.years ?? 0) * 12 + (every.months ?? 0)
  const days = (every.weeks ?? 0) * 7 + (every.days ?? 0)
  const exact = (((every.hours ?? 0) * 60 + (every.minutes ?? 0)) * 60 + (every.seconds ?? 0)) * 1000
  const average = months * MONTH + days * DAY + exact
  // Only an interval of exactly one day can have two wall times a skipped day apart.
  const daily = months === 0 && days === 1 && exact === 0
  /** Indices that fall on the same instant as the one before them. */
  const repeats = daily
    ? zoneTable(zone)
        .skippedDays()
        .map(repeatOf)
        .filter((it) => it > first)
    : []

  function occurrenceAt(index: number): number {
    // The anchor itself is an instant: its offset says which of two equal wall times it is.
    if (index === 0) return anchor.instant
    if (months === 0 && days === 0) return anchor.instant + index * exact
    const wall = addMonths(anchor.wall, index * months) + index * days * DAY
    return toInstant(zone, wall).instant + index * exact
  }

  function indexAfter(instant: number): number {
    let index = Math.max(first, Math.floor((instant - anchor.instant) / average) + 1)
    // The estimate is off by the unequal lengths of months and by the zone's offsets: one or two at the most.
    while (index > first && occurrenceAt(index - 1) > instant) index -= 1
    while (occurrenceAt(index) <= instant) index += 1
    return index
  }

  /** The index after the one whose wall time is in the skipped day that would have begun at `wall`. */
  function repeatOf(wall: number): number {
    return Math.ceil((wall - anchor.wall) / DAY) + 1
  }

  return {
    occurrenceAt,
    indexAfter,
    after(instant) {
      if (instant >= MAX_INSTANT) return null
      const next = occurrenceAt(indexAfter(instant))
      return next <= MAX_INSTANT ? next : null
    },
    atOrBefore(instant) {
      const index = indexAfter(Math.min(instant, MAX_INSTANT)) - 1
      return index < first ? null : occurrenceAt(index)
    },
    countIn(from, to) {
      const [low, high] = [indexAfter(Math.min(from, MAX_INSTANT)), indexAfter(Math.min(to, MAX_INSTANT))]
      return Math.max(0, high - low - repeats.filter((it) => low < it && it < high).length)
    },
  }
}

function addMonths(wall: number, months: number): number {
  if (months === 0) return wall
  const date = new Date(wall)
  const timeOfDay = wall - Math.floor(wall / DAY) * DAY
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate()]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(day, lastDay)) + timeOfDay
}
