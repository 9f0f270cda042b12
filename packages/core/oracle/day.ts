import { Temporal } from 'temporal-polyfill'

export const DAY = 86_400_000

/** One day of the calendar. */
export interface Day {
  /** The wall time of its midnight, ms since 1970 as if the zone were UTC. */
  midnight: number
  year: number
  /** 1 to 12. */
  month: number
  day: number
  /** Sunday is 0. */
  weekday: number
  /** Days of its month. */
  length: number
}

let known: Day[] = []

/**
 * Every day from 1 January of a year, 2000 or later, up to a wall time and the end of 2030, in order. The calendar is
 * Temporal's.
 *
 * @throws RangeError for an earlier year.
 */
export function daysFrom(year: number, to: number): Day[] {
  if (year < 2000) throw new RangeError(`the calendar begins in 2000, not in ${year}`)
  known = known.length > 0 ? known : calendar()
  const first = Date.UTC(year, 0) / DAY - FIRST / DAY
  return known.slice(first, Math.max(first, Math.floor((to - FIRST) / DAY) + 1))
}

const FIRST = Date.UTC(2000, 0)

function calendar(): Day[] {
  const days: Day[] = []
  for (let date = Temporal.PlainDate.from('2000-01-01'); date.year < 2031; date = date.add({ days: 1 })) {
    const { year, month, day, dayOfWeek, daysInMonth } = date
    const midnight = FIRST + days.length * DAY
    days.push({ midnight, year, month, day, weekday: dayOfWeek % 7, length: daysInMonth })
  }
  return days
}
