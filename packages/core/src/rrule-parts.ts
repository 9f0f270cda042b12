import { everyLimits } from './interval.ts'

/** From the coarsest to the finest. */
export const frequencies = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'] as const
export type Freq = (typeof frequencies)[number]

/** Monday is 0, as in `weekStart` and `byDay`. */
export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const

/** A weekday; `ordinal` 0 for each one, else the nth of the month or year, from its end when negative. */
export interface RruleDay {
  ordinal: number
  weekday: number
}

/** The parts of an RRULE, RFC 5545 section 3.3.10. Lists are null when the part is not given. */
export interface RruleParts {
  freq: Freq
  interval: number
  count: number | null
  /** Inclusive, ms since 1970: an instant when `utc`, else a wall time. A date is the last second of its day. */
  until: { at: number; utc: boolean } | null
  weekStart: number
  byMonth: readonly number[] | null
  byWeekNo: readonly number[] | null
  byYearDay: readonly number[] | null
  byMonthDay: readonly number[] | null
  byDay: readonly RruleDay[] | null
  byHour: readonly number[] | null
  byMinute: readonly number[] | null
  bySecond: readonly number[] | null
  bySetPos: readonly number[] | null
}

/** DTSTART, or what stands in for it: the wall time and its instant, whole seconds in ms since 1970. */
export interface RruleAnchor {
  wall: number
  instant: number
}

/** Times of a rule's RDATE or EXDATE lines, ms since 1970: given with `Z`, and as wall times. */
export interface RruleDates {
  instants: number[]
  walls: number[]
}

export const rruleLimits = {
  /** Characters of the whole text; so there are some 900 dates at the most. */
  characters: 8_192,
  count: 100_000,
  /** INTERVAL: a hundred years, as of an interval; of the exact frequencies a leap year, as they are searched. */
  interval: {
    YEARLY: everyLimits.years,
    MONTHLY: everyLimits.months,
    WEEKLY: everyLimits.weeks,
    DAILY: everyLimits.days,
    HOURLY: 366 * 24,
    MINUTELY: 366 * 1_440,
    SECONDLY: 366 * 86_400,
  } satisfies Record<Freq, number>,
  /** Periods that are searched for the next occurrence, of rules by the day and coarser. */
  search: 25_000,
  /** Periods that are walked to find the end that COUNT makes. */
  walk: 150_000,
  /** Years that are searched, of rules by the hour and finer. */
  years: 50,
} as const

/** HOURLY and finer: their occurrences are exact durations apart, not wall times. */
export function isSubDaily(freq: Freq): boolean {
  return freq === 'HOURLY' || freq === 'MINUTELY' || freq === 'SECONDLY'
}
