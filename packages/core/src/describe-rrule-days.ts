import { civilDate, monthLength, weekdayOf } from './rrule-calendar.ts'
import { isSubDaily, type RruleDay, type RruleParts } from './rrule-parts.ts'
import { and, dayNames, MAX_LISTED, monthNames, nth, or } from './rrule-words.ts'

const DAY = 86_400_000

/** The days of a rule in words. */
export interface DayPhrase {
  /** Goes after `Every month`; empty when it is every day. */
  on: string
  /** Goes after the times. */
  limits: string
}

/**
 * The days of a rule; null when no phrase would be true.
 *
 * @param wall of DTSTART, which decides the day when the rule does not
 */
export function dayPhrase(rule: RruleParts, wall: number): DayPhrase | null {
  const lists = [rule.byMonth, rule.byMonthDay, rule.byYearDay, rule.byWeekNo, rule.byDay]
  if (lists.some((list) => list && list.length > MAX_LISTED)) return null
  if (rule.bySetPos) return rule.freq === 'MONTHLY' ? pickedPhrase(rule) : null
  const start = Math.floor(wall / DAY)
  switch (rule.freq) {
    case 'YEARLY':
      return yearPhrase(rule, start)
    case 'MONTHLY':
      return monthPhrase(rule, civilDate(start).day)
    case 'WEEKLY': {
      const days = rule.byDay ?? [{ ordinal: 0, weekday: weekdayOf(start) }]
      // Which days make one week only matters when weeks are left out.
      const weeks = rule.interval > 1 && rule.weekStart > 0 ? `, weeks from ${dayNames[rule.weekStart]}` : ''
      return { on: ` on ${and(names(days))}`, limits: only(rule, ['byMonth']) + weeks }
    }
    default:
      return { on: '', limits: only(rule, ['byMonth', 'byYearDay', 'byMonthDay', 'byDay']) }
  }
}

function monthPhrase(rule: RruleParts, day: number): DayPhrase | null {
  const { byDay, byMonthDay } = rule
  const months = only(rule, ['byMonth'])
  if (!byDay) {
    const days = byMonthDay ?? [day]
    return {
      on: ` on ${and(days.map(monthDay))}`,
      limits: rarely(days, rule.byMonth) + months,
    }
  }
  if (!byMonthDay) return { on: ` on ${weekdaysOf(byDay)}`, limits: months }
  if (numbered(byDay)) return null
  return { on: ` on ${and(byMonthDay.map(monthDay))}`, limits: months + only(rule, ['byDay']) }
}

function yearPhrase(rule: RruleParts, start: number): DayPhrase | null {
  const { byMonth, byWeekNo, byYearDay, byMonthDay, byDay, weekStart } = rule
  const given = [byMonth, byWeekNo, byYearDay, byMonthDay, byDay].filter((it) => it !== null).length
  if (byWeekNo) {
    if (given > 2 || (given === 2 && !byDay) || weekStart > 0) return null
    const days = byDay ?? [{ ordinal: 0, weekday: weekdayOf(start) }]
    const weeks = byWeekNo.every((it) => it > 0)
      ? `${byWeekNo.length > 1 ? 'weeks' : 'week'} ${and(byWeekNo.map(String))}`
      : and(byWeekNo.map((it) => `${nth(it)} week`))
    return { on: ` in ${weeks}, on ${and(names(days))}`, limits: '' }
  }
  if (byYearDay) {
    const on = ` on ${and(byYearDay.map((it) => `${nth(it)} day`))} of the year`
    return given > 1 ? null : { on, limits: '' }
  }
  if (byDay && !byMonthDay) {
    const days = ` on ${weekdaysOf(byDay)}`
    return {
      on: byMonth ? ` in ${months(byMonth)},${days}` : numbered(byDay) ? `${days} of the year` : days,
      limits: '',
    }
  }
  if (byDay && numbered(byDay)) return null
  const { month, day } = civilDate(start)
  // Without any day, both come from DTSTART; with BYMONTHDAY alone it is each month.
  const named = byMonth ?? (byMonthDay ? null : [month])
  const days = byMonthDay ?? [day]
  const [onlyMonth, onlyDay] = [named?.length === 1 ? named[0] : undefined, days.length === 1 ? days[0] : undefined]
  const when =
    onlyMonth !== undefined && onlyDay !== undefined && onlyDay > 0
      ? ` on ${onlyDay} ${monthNames[onlyMonth - 1]}`
      : ` on ${and(days.map(monthDay))} of ${named ? months(named) : 'each month'}`
  return { on: when, limits: rarely(days, named) + only(rule, ['byDay']) }
}

/** BYSETPOS in its one common use: the last working day. */
function pickedPhrase(rule: RruleParts): DayPhrase | null {
  const { byDay, byMonthDay, bySetPos, byHour, byMinute, bySecond } = rule
  const oneTime = [byHour, byMinute, bySecond].every((list) => !list || list.length === 1)
  if (!byDay || byMonthDay || !bySetPos || !oneTime || numbered(byDay)) return null
  const kind = names(byDay)
  const working = kind.length === 5 && kind.at(-1) === 'Friday'
  const day = working ? 'working day (Monday to Friday)' : `day that is a ${or(kind)}`
  return { on: ` on ${and(bySetPos.map(nth))} ${day}`, limits: only(rule, ['byMonth']) }
}

/** The parts that limit, told as such. */
function only(rule: RruleParts, parts: ('byMonth' | 'byYearDay' | 'byMonthDay' | 'byDay')[]): string {
  const { byMonth, byYearDay, byMonthDay, byDay } = rule
  const limits = isSubDaily(rule.freq) || rule.freq === 'DAILY'
  return parts
    .map((part) => {
      if (part === 'byMonth' && byMonth) return `, only in ${months(byMonth)}`
      if (part === 'byYearDay' && byYearDay)
        return `, only on ${and(byYearDay.map((it) => `${nth(it)} day`))} of the year`
      if (part === 'byMonthDay' && byMonthDay) return `, only on ${and(byMonthDay.map(monthDay))}`
      if (part === 'byDay' && byDay) {
        return limits ? `, only on ${and(names(byDay))}` : `, only when it is a ${or(names(byDay))}`
      }
      return ''
    })
    .join('')
}

const numbered = (byDay: readonly RruleDay[]): boolean => byDay.some(({ ordinal }) => ordinal !== 0)

/** Distinct, from Monday on. */
function names(byDay: readonly RruleDay[]): string[] {
  return dayNames.filter((_, index) => byDay.some(({ weekday }) => weekday === index))
}

function weekdaysOf(byDay: readonly RruleDay[]): string {
  return and(byDay.map(({ ordinal, weekday }) => `${ordinal === 0 ? 'each' : nth(ordinal)} ${dayNames[weekday]}`))
}

const months = (byMonth: readonly number[]): string => {
  return and([...byMonth].sort((a, b) => a - b).map((month) => monthNames[month - 1] ?? ''))
}

/** Says so when some of the months lack one of the days. */
function rarely(days: readonly number[], byMonth: readonly number[] | null): string {
  const months = byMonth ?? monthNames.map((_, index) => index + 1)
  const lacks = months.some((month) => days.some((day) => Math.abs(day) > monthLength(2023, month)))
  return lacks ? ', where there is one' : ''
}

const monthDay = (day: number): string => (day > 0 ? nth(day) : `${nth(day)} day`)
