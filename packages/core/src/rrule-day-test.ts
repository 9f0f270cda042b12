import { civilDate, dayNumber, isLeap, mod, monthLength, weekdayOf } from './rrule-calendar.ts'
import type { RruleDay, RruleParts } from './rrule-parts.ts'

/**
 * Whether a day number passes BYMONTH, BYYEARDAY, BYMONTHDAY and BYDAY; null when none of them is given.
 *
 * All of a rule's day parts are one test: where RFC 5545 lets a part expand a period, the period's days are gone through
 * with it, and where it limits, it is the same test again.
 *
 * @param within what the numbers of BYDAY count in
 */
export function dayTest(rule: RruleParts, within: 'month' | 'year' = 'month'): ((day: number) => boolean) | null {
  const { byMonth, byYearDay, byMonthDay, byDay } = rule
  if (!byMonth && !byYearDay && !byMonthDay && !byDay) return null
  const monthSet = byMonth && new Set(byMonth)
  const yearDaySet = byYearDay && new Set(byYearDay)
  const monthDaySet = byMonthDay && new Set(byMonthDay)
  const byDate = monthSet || yearDaySet || monthDaySet || byDay?.some(({ ordinal }) => ordinal !== 0)
  const weekdaySets = byDay && ordinalsByWeekday(byDay)

  return (day) => {
    const ordinals = weekdaySets?.[weekdayOf(day)]
    if (weekdaySets && !ordinals) return false
    if (!byDate) return true
    const date = civilDate(day)
    if (monthSet && !monthSet.has(date.month)) return false
    const length = monthLength(date.year, date.month)
    if (monthDaySet && !monthDaySet.has(date.day) && !monthDaySet.has(date.day - length - 1)) return false
    const needsYear = yearDaySet || (within === 'year' && ordinals && !ordinals.has(0))
    const inYear = needsYear ? day - dayNumber(date.year, 1, 1) + 1 : 0
    const yearLength = isLeap(date.year) ? 366 : 365
    if (yearDaySet && !yearDaySet.has(inYear) && !yearDaySet.has(inYear - yearLength - 1)) return false
    if (!ordinals || ordinals.has(0)) return true
    return within === 'year' ? isNth(ordinals, inYear, yearLength) : isNth(ordinals, date.day, length)
  }
}

/** The day number that week 1 begins with: the first week with four days or more in the year. */
export function firstWeek(year: number, weekStart: number): number {
  const january = dayNumber(year, 1, 1)
  const into = mod(weekdayOf(january) - weekStart, 7)
  return into <= 3 ? january - into : january + 7 - into
}

function ordinalsByWeekday(byDay: readonly RruleDay[]): (Set<number> | undefined)[] {
  const sets: (Set<number> | undefined)[] = []
  for (const { ordinal, weekday } of byDay) {
    sets[weekday] ??= new Set()
    sets[weekday].add(ordinal)
  }
  return sets
}

/** @param position 1 for the first day of the stretch that the numbers count in */
function isNth(ordinals: ReadonlySet<number>, position: number, length: number): boolean {
  return ordinals.has(Math.floor((position - 1) / 7) + 1) || ordinals.has(-Math.floor((length - position) / 7) - 1)
}
