import { DAY, type Day, daysFrom } from './day.ts'
import { exactInstants } from './rrule-exact-steps.ts'
import { compact, type Named } from './rule.ts'
import type { ZoneClock } from './zone-clock.ts'

/** A recurrence rule in parts. Weekdays with Sunday 0; all times are walls in ms, unless they are called instants. */
export interface RruleRule {
  kind: 'rrule'
  freq: 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY' | 'HOURLY' | 'MINUTELY'
  /** DTSTART, whole seconds. */
  start: number
  interval?: number
  count?: number
  until?: number
  untilInstant?: number
  byMonth?: number[]
  byMonthDay?: number[]
  byDay?: { weekday: number; nth?: number }[]
  byHour?: number[]
  byMinute?: number[]
  bySetPos?: number[]
  rdates?: number[]
  rdateInstants?: number[]
  exdates?: number[]
  exdateInstants?: number[]
  /** Midnights of whole days. */
  exdays?: number[]
}

const names = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

/** The lines of a rule, DTSTART first. */
export function rruleText(rule: RruleRule): string {
  const { freq, interval, count, until, untilInstant, byMonth, byMonthDay, byDay, byHour, byMinute, bySetPos } = rule
  const byDays = byDay?.map(({ weekday, nth }) => `${nth ?? ''}${names[weekday]}`)
  const ends =
    until !== undefined ? compact(until) : untilInstant !== undefined ? `${compact(untilInstant)}Z` : undefined
  const parts: [string, unknown][] = [
    ['FREQ', freq],
    ['INTERVAL', interval],
    ['COUNT', count],
    ['UNTIL', ends],
    ['BYMONTH', byMonth],
    ['BYMONTHDAY', byMonthDay],
    ['BYDAY', byDays],
    ['BYHOUR', byHour],
    ['BYMINUTE', byMinute],
    ['BYSETPOS', bySetPos],
  ]
  const given = parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  const lines = [`DTSTART:${compact(rule.start)}`, `RRULE:${given.join(';')}`]
  if (rule.rdates) lines.push(`RDATE:${rule.rdates.map(compact)}`)
  if (rule.rdateInstants) lines.push(`RDATE:${rule.rdateInstants.map((it) => `${compact(it)}Z`)}`)
  if (rule.exdates) lines.push(`EXDATE:${rule.exdates.map(compact)}`)
  if (rule.exdateInstants) lines.push(`EXDATE:${rule.exdateInstants.map((it) => `${compact(it)}Z`)}`)
  if (rule.exdays) lines.push(`EXDATE;VALUE=DATE:${rule.exdays.map((it) => compact(it).slice(0, 8))}`)
  return lines.join('\n')
}

/** @param to the last wall time that is asked for */
export function namedByRrule(rule: RruleRule, clock: ZoneClock, to: number): Named {
  const isLeft = (wall: number): boolean =>
    rule.exdates?.includes(wall) === true || rule.exdays?.includes(Math.floor(wall / DAY) * DAY) === true
  const exact = rule.freq === 'HOURLY' || rule.freq === 'MINUTELY'
  return {
    walls: exact ? [] : wallsOf(rule, to).filter((wall) => !isLeft(wall)),
    // The grid excludes no repeated time of an exact rule, so what the clocks show names one instant.
    instants: exact ? exactInstants(rule, clock, to).filter((at) => !isLeft(clock.wallOf(at))) : [],
    added: (rule.rdates ?? []).filter((wall) => !isLeft(wall)).sort((a, b) => a - b),
    addedInstants: rule.rdateInstants ?? [],
    except: rule.exdateInstants ?? [],
    ...(rule.untilInstant !== undefined && { until: rule.untilInstant }),
  }
}

/** Day by day from DTSTART; a period's days are collected before BYSETPOS picks from them. */
function wallsOf(rule: RruleRule, to: number): number[] {
  const { start, count = Infinity, until = Infinity, bySetPos } = rule
  const days = daysFrom(new Date(start).getUTCFullYear(), to + 400 * DAY)
  const first = days.find(({ midnight }) => midnight === Math.floor(start / DAY) * DAY) as Day
  const times = timesOf(rule)
  const walls: number[] = []
  let [period, held]: [number, number[]] = [0, []]
  for (const day of days) {
    const current = periodOf(rule, first, day)
    if (current !== period) {
      close()
      period = current
    }
    if (current % (rule.interval ?? 1) !== 0 || !matches(rule, first, day)) continue
    for (const time of times) held.push(day.midnight + time)
  }
  close()
  return walls.filter((wall) => wall <= to && wall <= until)

  function close(): void {
    const picked = bySetPos
      ? held.filter((_, index) => bySetPos.includes(index + 1) || bySetPos.includes(index - held.length))
      : held
    for (const wall of picked) if (wall >= start && walls.length < count) walls.push(wall)
    held = []
  }
}

function periodOf({ freq }: RruleRule, first: Day, day: Day): number {
  if (freq === 'YEARLY') return day.year - first.year
  if (freq === 'MONTHLY') return (day.year - first.year) * 12 + day.month - first.month
  const days = (day.midnight - first.midnight) / DAY
  // Weeks begin on Monday.
  return freq === 'WEEKLY' ? Math.floor((days + ((first.weekday + 6) % 7)) / 7) : days
}

function matches(rule: RruleRule, first: Day, { month, day, weekday, length }: Day): boolean {
  const { freq, byMonth, byMonthDay, byDay } = rule
  if (byMonth && !byMonth.includes(month)) return false
  if (byMonthDay && !byMonthDay.includes(day) && !byMonthDay.includes(day - length - 1)) return false
  const isNth = (nth: number) => (nth > 0 ? Math.ceil(day / 7) === nth : Math.ceil((length - day + 1) / 7) === -nth)
  if (byDay) return byDay.some((it) => it.weekday === weekday && (it.nth === undefined || isNth(it.nth)))
  if (byMonthDay || freq === 'DAILY') return true
  if (freq === 'WEEKLY') return weekday === first.weekday
  return day === first.day && (freq === 'MONTHLY' || byMonth !== undefined || month === first.month)
}

/** The times of day in ms, ascending. What the rule does not say is as in DTSTART. */
function timesOf({ start, byHour, byMinute }: RruleRule): number[] {
  const date = new Date(start)
  const times: number[] = []
  for (const hour of byHour ?? [date.getUTCHours()]) {
    for (const minute of byMinute ?? [date.getUTCMinutes()]) {
      times.push(((hour * 60 + minute) * 60 + date.getUTCSeconds()) * 1000)
    }
  }
  return times
}
