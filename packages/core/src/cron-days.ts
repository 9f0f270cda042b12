import type { CronFields } from './cron-fields.ts'

/** The days that a cron names, as whole days since 1970-01-01: from the last of 1969 to the last of 9999. */
export interface CronDays {
  has(day: number): boolean
  /** The first after a day, or null when there is none. */
  after(day: number): number | null
  /** The last up to a day, or null when there is none. */
  atOrBefore(day: number): number | null
  /** How many there are up to a day, inclusive. */
  upTo(day: number): number
}

export const DAY = 86_400_000
// Clocks behind UTC show the last day of 1969 when 1970 begins.
const FIRST_DAY = -1
const LAST_DAY = Date.UTC(9999, 11, 31) / DAY
const THURSDAY = 4

/**
 * The days of a cron, or null when it names none in any year.
 *
 * What a month has depends on its length and on the weekday of its first day alone, a year on 14 such shapes: so all of
 * them are worked out beforehand, each year is a look-up, and one without a day is a single step.
 */
export function cronDays(fields: CronFields): CronDays | null {
  const named = Array.from({ length: 12 }, (_, month) => fields.months.includes(month + 1))
  /** Bit 0 is the 1st of the month. By length and first weekday. */
  const masks = [28, 29, 30, 31].map((length) =>
    [0, 1, 2, 3, 4, 5, 6].map((weekday) => monthMask(fields, length, weekday)),
  )
  /** By whether it is a leap year and its first weekday. */
  const perYear = [false, true].map((leap) =>
    [0, 1, 2, 3, 4, 5, 6].map((first) => {
      let [count, weekday] = [0, first]
      for (let month = 0; month < 12; month += 1) {
        count += bits(maskOf(month, leap, weekday))
        weekday = (weekday + lengthOf(month, leap)) % 7
      }
      return count
    }),
  )
  // Each of the 14 shapes comes in each 400 years.
  if (perYear.flat().every((it) => it === 0)) return null

  function maskOf(month: number, leap: boolean, weekday: number): number {
    return named[month] ? (masks[lengthOf(month, leap) - 28]?.[weekday] ?? 0) : 0
  }

  /** The first day of a month, and the mask of its days. */
  function monthAt(year: number, month: number): { first: number; mask: number } {
    const first = Date.UTC(year, month, 1) / DAY
    return { first, mask: maskOf(month, isLeap(year), weekdayOf(first)) }
  }

  function countOf(year: number): number {
    return perYear[isLeap(year) ? 1 : 0]?.[weekdayOf(Date.UTC(year, 0, 1) / DAY)] ?? 0
  }

  function has(day: number): boolean {
    if (day < FIRST_DAY || day > LAST_DAY) return false
    const { year, month, date } = civil(day)
    return ((monthAt(year, month).mask >>> (date - 1)) & 1) === 1
  }

  return {
    has,
    after(day) {
      let { year, month, date } = civil(Math.max(day, FIRST_DAY - 1))
      while (year <= 9999) {
        const { first, mask } = monthAt(year, month)
        const later = mask & (-1 << date)
        if (later !== 0) return first + lowest(later)
        date = 0
        month += 1
        if (month < 12) continue
        month = 0
        do year += 1
        while (year <= 9999 && countOf(year) === 0)
      }
      return null
    },
    atOrBefore(day) {
      let { year, month, date } = civil(Math.min(day, LAST_DAY))
      while (year >= 1969) {
        const { first, mask } = monthAt(year, month)
        const earlier = mask & ~(-1 << date)
        if (earlier !== 0) return first + highest(earlier) < FIRST_DAY ? null : first + highest(earlier)
        date = 31
        month -= 1
        if (month >= 0) continue
        month = 11
        do year -= 1
        while (year >= 1969 && countOf(year) === 0)
      }
      return null
    },
    upTo(day) {
      if (day < FIRST_DAY) return 0
      let count = has(FIRST_DAY) ? 1 : 0
      if (day === FIRST_DAY) return count
      const { year, month, date } = civil(Math.min(day, LAST_DAY))
      let weekday = THURSDAY
      for (let it = 1970; it < year; it += 1) {
        const leap = isLeap(it)
        count += perYear[leap ? 1 : 0]?.[weekday] ?? 0
        weekday = (weekday + (leap ? 2 : 1)) % 7
      }
      for (let it = 0; it < month; it += 1) count += bits(monthAt(year, it).mask)
      return count + bits(monthAt(year, month).mask & ~(-1 << date))
    },
  }
}

function monthMask(fields: CronFields, length: number, firstWeekday: number): number {
  const { days, weekdays, either } = fields
  const weekdayAt = (date: number) => (firstWeekday + date - 1) % 7
  const byNumber = new Set(days.numbers)
  for (const date of days.nearest) if (date <= length) byNumber.add(nearestWeekday(date, length, weekdayAt(date)))
  if (days.last) byNumber.add(length)
  // The last weekday is the one nearest to the last day: it never moves on into the next month.
  if (days.lastWeekday) byNumber.add(nearestWeekday(length, length, weekdayAt(length)))
  let mask = 0
  for (let date = 1; date <= length; date += 1) {
    const which = weekdays[weekdayAt(date)] ?? 0
    const nth = 1 << Math.floor((date - 1) / 7)
    const byWeekday = (which & nth) !== 0 || ((which & 32) !== 0 && date > length - 7)
    if (either ? byNumber.has(date) || byWeekday : byNumber.has(date) && byWeekday) mask |= 1 << (date - 1)
  }
  return mask
}

/** The Monday to Friday nearest to a day of the month, within the month. */
function nearestWeekday(date: number, length: number, weekday: number): number {
  if (weekday === 6) return date === 1 ? date + 2 : date - 1
  if (weekday === 0) return date === length ? date - 2 : date + 1
  return date
}

function civil(day: number): { year: number; month: number; date: number } {
  const it = new Date(day * DAY)
  return { year: it.getUTCFullYear(), month: it.getUTCMonth(), date: it.getUTCDate() }
}

const weekdayOf = (day: number): number => (((day + THURSDAY) % 7) + 7) % 7

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const lengthOf = (month: number, leap: boolean): number =>
  month === 1 ? (leap ? 29 : 28) : month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31

const lowest = (mask: number): number => 31 - Math.clz32(mask & -mask)

const highest = (mask: number): number => 31 - Math.clz32(mask)

function bits(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1
  return count
}
