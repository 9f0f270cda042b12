import { civilDate, dayNumber, isLeap, mod, monthLength, weekdayOf } from './rrule-calendar.ts'
import { dayTest, firstWeek } from './rrule-day-test.ts'
import type { RruleParts } from './rrule-parts.ts'

/** The days that a rule names in one period: ascending distances from the day number `base`. */
export interface DaySet {
  base: number
  offsets: ArrayLike<number>
}

/** The periods of a rule by the day and coarser, period 0 being the one that holds DTSTART. */
export interface DayPeriods {
  /** The period that a day number lies in; negative before period 0. */
  indexOf(day: number): number
  at(index: number): DaySet
  /** True when each period has the same number of days. */
  uniform: boolean
}

const NONE: readonly number[] = []
const ONE: readonly number[] = [0]

/** @param rule with the parts that DTSTART decides filled in; @param start DTSTART's day number */
export function dayPeriods(rule: RruleParts, start: number): DayPeriods {
  switch (rule.freq) {
    case 'YEARLY':
      return years(rule, start)
    case 'MONTHLY':
      return months(rule, start)
    case 'WEEKLY':
      return weeks(rule, start)
    default:
      return days(rule, start)
  }
}

function days(rule: RruleParts, start: number): DayPeriods {
  const { interval } = rule
  const test = dayTest(rule)
  return {
    indexOf: (day) => Math.floor((day - start) / interval),
    at(index) {
      const base = start + index * interval
      return { base, offsets: test === null || test(base) ? ONE : NONE }
    },
    uniform: test === null,
  }
}

function weeks(rule: RruleParts, start: number): DayPeriods {
  const { interval, weekStart, byMonth } = rule
  const first = start - mod(weekdayOf(start) - weekStart, 7)
  const named = [...new Set((rule.byDay ?? []).map(({ weekday }) => mod(weekday - weekStart, 7)))].sort((a, b) => a - b)
  const monthSet = byMonth && new Set(byMonth)

  function inMonths(base: number, months: ReadonlySet<number>): readonly number[] {
    const { year, month, day } = civilDate(base)
    // How many days of the week are of the month that it begins in.
    const left = monthLength(year, month) - day + 1
    const [now, then] = [months.has(month), months.has((month % 12) + 1)]
    if (now && (then || left >= 7)) return named
    return now || (then && left < 7) ? named.filter((offset) => offset < left === now) : NONE
  }

  return {
    indexOf: (day) => Math.floor((day - first) / (7 * interval)),
    at(index) {
      const base = first + index * 7 * interval
      return { base, offsets: monthSet ? inMonths(base, monthSet) : named }
    },
    uniform: !monthSet,
  }
}

function months(rule: RruleParts, start: number): DayPeriods {
  const { interval } = rule
  const from = civilDate(start)
  const first = from.year * 12 + from.month - 1
  const test = dayTest(rule, 'month') ?? (() => true)
  const known = new Map<number, Int16Array>()
  return {
    indexOf(day) {
      const { year, month } = civilDate(day)
      return Math.floor((year * 12 + month - 1 - first) / interval)
    },
    at(index) {
      const total = first + index * interval
      const [year, month] = [Math.floor(total / 12), mod(total, 12) + 1]
      const base = dayNumber(year, month, 1)
      const length = monthLength(year, month)
      // Two months of the same name, length and first weekday hold the same days.
      const key = (month * 7 + weekdayOf(base)) * 32 + length
      return { base, offsets: remember(known, key, () => collect(0, length, (offset) => test(base + offset))) }
    },
    uniform: false,
  }
}

function years(rule: RruleParts, start: number): DayPeriods {
  const { interval, byWeekNo, weekStart } = rule
  // With week numbers, the years are those of the weeks: else 1 January could be of a week that no period has.
  const yearOf = byWeekNo ? weekYear : (day: number) => civilDate(day).year
  const first = yearOf(start)
  const test = dayTest(rule, rule.byMonth ? 'month' : 'year') ?? (() => true)
  const known = new Map<number, Int16Array>()

  function weekYear(day: number): number {
    const { year } = civilDate(day)
    if (day < firstWeek(year, weekStart)) return year - 1
    return day < firstWeek(year + 1, weekStart) ? year : year + 1
  }

  function find(year: number, base: number): Int16Array {
    const next = dayNumber(year + 1, 1, 1)
    if (!byWeekNo) return collect(0, next - base, (offset) => test(base + offset))
    // Week 1 may begin in December and the last week end in January.
    const [from, to] = [firstWeek(year, weekStart), firstWeek(year + 1, weekStart)]
    const total = (to - from) / 7
    const numbers = new Set(byWeekNo.map((number) => (number > 0 ? number : total + 1 + number)))
    return collect(from - base, to - base, (offset) => {
      return numbers.has(Math.floor((base + offset - from) / 7) + 1) && test(base + offset)
    })
  }

  return {
    indexOf: (day) => Math.floor((yearOf(day) - first) / interval),
    at(index) {
      const year = first + index * interval
      const base = dayNumber(year, 1, 1)
      // Years alike in these hold the same days; the neighbours count for the weeks that reach into them.
      const leaps = (isLeap(year - 1) ? 1 : 0) + (isLeap(year) ? 2 : 0) + (isLeap(year + 1) ? 4 : 0)
      return { base, offsets: remember(known, weekdayOf(base) * 8 + leaps, () => find(year, base)) }
    },
    uniform: false,
  }
}

function collect(from: number, to: number, holds: (offset: number) => boolean): Int16Array {
  const found: number[] = []
  for (let offset = from; offset < to; offset += 1) if (holds(offset)) found.push(offset)
  return Int16Array.from(found)
}

function remember(known: Map<number, Int16Array>, key: number, make: () => Int16Array): Int16Array {
  let made = known.get(key)
  if (!made) {
    made = make()
    known.set(key, made)
  }
  return made
}
