import { type Day, daysFrom } from './day.ts'
import type { Named } from './rule.ts'

/** One piece of a field of a cron. */
export type Item =
  | { from: number; to: number; step?: number; text?: string }
  | { star: true; step?: number }
  /** `L`, `15W`, `5L`, `5#2`; weekdays with Sunday 0. */
  | { last: true }
  | { nearest: number }
  | { lastOf: number }
  | { nth: number; weekday: number }

/** A cron in pieces. */
export interface CronRule {
  kind: 'cron'
  /** Only with six fields. */
  second?: Item[]
  minute: Item[]
  hour: Item[]
  day: Item[]
  month: Item[]
  weekday: Item[]
  /** The first and the last instant, ISO 8601 with `Z`. */
  start?: string
  end?: string
}

export const star: Item[] = [{ star: true }]
export const every = (step: number): Item[] => [{ star: true, step }]
export const at = (...values: number[]): Item[] => values.map((value) => ({ from: value, to: value }))

export function cronText({ second, minute, hour, day, month, weekday }: CronRule): string {
  const fields = [...(second ? [second] : []), minute, hour, day, month, weekday]
  return fields.map((items) => items.map(itemText).join(',')).join(' ')
}

function itemText(item: Item): string {
  if ('last' in item) return 'L'
  if ('nearest' in item) return `${item.nearest}W`
  if ('lastOf' in item) return `${item.lastOf}L`
  if ('nth' in item) return `${item.weekday}#${item.nth}`
  if ('from' in item && item.text !== undefined) return item.text
  const span = 'star' in item ? '*' : item.from === item.to ? `${item.from}` : `${item.from}-${item.to}`
  return item.step === undefined ? span : `${span}/${item.step}`
}

export const cronBody = (rule: CronRule): object => ({
  type: 'cron',
  cron: cronText(rule),
  ...(rule.start !== undefined && { start_date: rule.start }),
  ...(rule.end !== undefined && { end_date: rule.end }),
})

/** @param to the last wall time that is asked for */
export function namedByCron(rule: CronRule, fromYear: number, to: number): Named {
  const times: number[] = []
  for (const hour of values(rule.hour, 0, 23)) {
    for (const minute of values(rule.minute, 0, 59)) {
      for (const second of values(rule.second ?? at(0), 0, 59)) times.push(((hour * 60 + minute) * 60 + second) * 1000)
    }
  }
  const months = values(rule.month, 1, 12)
  const walls: number[] = []
  for (const day of daysFrom(fromYear - 1, to)) {
    if (months.includes(day.month) && matches(rule, day)) for (const time of times) walls.push(day.midnight + time)
  }
  return {
    walls,
    asShown: begins(rule.minute) || begins(rule.hour),
    ...(rule.start !== undefined && { since: Date.parse(rule.start) }),
    ...(rule.end !== undefined && { until: Date.parse(rule.end) }),
  }
}

const begins = ([first]: Item[]): boolean => first !== undefined && 'star' in first

/** Vixie's rule: a day has to match by both fields when one of the two begins with a star, else by either. */
function matches({ day, weekday }: CronRule, date: Day): boolean {
  const byDay = day.some((item) => dayMatches(item, date))
  const byWeekday = weekday.some((item) => weekdayMatches(item, date))
  return begins(day) || begins(weekday) ? byDay && byWeekday : byDay || byWeekday
}

function dayMatches(item: Item, { day, weekday, length }: Day): boolean {
  if ('last' in item) return day === length
  if (!('nearest' in item)) return values([item], 1, 31).includes(day)
  if (item.nearest > length || weekday === 0 || weekday === 6) return false
  // The nearest weekday lies two days away at the most, and never in another month.
  const wanted = (weekday + item.nearest - day + 35) % 7
  const move = wanted === 6 ? (item.nearest === 1 ? 2 : -1) : wanted === 0 ? (item.nearest === length ? -2 : 1) : 0
  return day === item.nearest + move
}

function weekdayMatches(item: Item, { day, weekday, length }: Day): boolean {
  if ('lastOf' in item) return weekday === item.lastOf && day > length - 7
  if ('nth' in item) return weekday === item.weekday && Math.ceil(day / 7) === item.nth
  return values([item], 0, 7).some((it) => it % 7 === weekday)
}

/** The numbers of a field, ascending. */
function values(items: Item[], min: number, max: number): number[] {
  const found = new Set<number>()
  for (const item of items) {
    if (!('star' in item || 'from' in item)) continue
    const [from, to] = 'star' in item ? [min, max] : [item.from, item.to]
    for (let value = from; value <= to; value += item.step ?? 1) found.add(value)
  }
  return [...found].sort((a, b) => a - b)
}
