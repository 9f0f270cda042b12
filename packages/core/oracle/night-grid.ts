import type { Case } from './case.ts'
import { at, type CronRule, cronText, star } from './cron-rule.ts'
import { DAY } from './day.ts'
import type { IntervalRule } from './interval-rule.ts'
import { nightRrules } from './night-rrules.ts'
import { wallText } from './rule.ts'
import { distinct, MINUTE, type Stretch, stretchOf } from './stretch.ts'
import type { ZoneClock } from './zone-clock.ts'

/** The rules that a zone gets for its own nights of change, from a year on. None without such a night. */
export function nightGrid(clock: ZoneClock, from: number): Case[] {
  const stretches = clock.changes.filter(({ at: when }) => when >= from + 3 * DAY).map(stretchOf)
  const kinds = distinct(stretches)
  if (kinds.length === 0) return []
  const gaps = stretches.filter(({ gap }) => gap)
  const folds = stretches.filter(({ gap }) => !gap)
  return [
    ...kinds.flatMap((it) => daily(it, from)),
    ...kinds.map(around),
    ...gaps.slice(0, 2).flatMap((it) => inGap(it)),
    ...folds.slice(0, 2).flatMap((it) => inFold(it)),
    ...[...gaps.slice(-1), ...folds.slice(-1)].map((it) => ending(it, from)),
    ...nightRrules(gaps, folds, from),
    bounded(stretches),
  ].filter(({ name }, index, all) => all.findIndex((it) => it.name === name) === index)
}

const interval = (what: string, every: IntervalRule['every'], start: string): Case => ({
  name: `every ${what} from ${start}`,
  rule: { kind: 'interval', every, start },
  policies: 'all',
})

/** Each day at the first, a middle and the last minute, and at the one after. */
function daily({ from, to, middle }: Stretch, since: number): Case[] {
  const midnight = Math.floor(since / DAY) * DAY + DAY
  return [from, middle, to - MINUTE, to].map((wall) =>
    interval('days 1', { days: 1 }, wallText(midnight + (((wall % DAY) + DAY) % DAY))),
  )
}

/** A cron of the minutes and the hours around, which names times on both sides of the change and within. */
function around({ from, to, middle }: Stretch): Case {
  const dates = [from - MINUTE, from, from + MINUTE, middle, to - MINUTE, to, to + MINUTE].map((wall) => new Date(wall))
  const sorted = (values: number[]) => [...new Set(values)].sort((a, b) => a - b)
  const rule: CronRule = {
    kind: 'cron',
    minute: at(...sorted(dates.map((date) => date.getUTCMinutes()))),
    hour: at(...sorted(dates.map((date) => date.getUTCHours()))),
    day: star,
    month: star,
    weekday: star,
  }
  return { name: `cron ${cronText(rule)}`, rule, policies: 'all' }
}

/** Intervals whose first occurrence does not exist. */
function inGap({ middle }: Stretch): Case[] {
  const start = wallText(middle)
  return [interval('days 1', { days: 1 }, start), interval('months 1', { months: 1 }, start)]
}

/** Intervals whose first occurrence, or whose creation, is in the one or the other pass. */
function inFold({ change, middle }: Stretch): Case[] {
  return [change.before, change.after].flatMap((offset) => {
    const start = wallText(middle) + offsetText(offset)
    const created = `${wallText(middle - offset)}Z`
    return [
      interval('days 1', { days: 1 }, start),
      interval('years 1', { years: 1 }, start),
      {
        name: `every days 1, created at ${created}`,
        rule: { kind: 'interval', every: { days: 1 }, start: created, created: true },
        policies: 'all',
      },
    ]
  })
}

/** An interval that ends on a night of change. */
function ending({ change, from, middle }: Stretch, since: number): Case {
  const start = wallText(Math.floor(since / DAY) * DAY + DAY + (((middle % DAY) + DAY) % DAY))
  const end = `${wallText(change.at + middle - from)}Z`
  return {
    name: `every days 1 from ${start} to ${end}`,
    rule: { kind: 'interval', every: { days: 1 }, start, end },
    policies: 'all',
  }
}

function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE
  const two = (value: number) => `${value}`.padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** A cron within bounds that are instants of nights of change. */
function bounded(stretches: Stretch[]): Case {
  const [first, last] = [stretches[0] as Stretch, stretches.at(-1) as Stretch]
  const utc = (instant: number) => `${wallText(instant)}Z`
  const hours = [...new Set([first, last].map(({ from }) => new Date(from).getUTCHours()))].sort((a, b) => a - b)
  const rule: CronRule = {
    kind: 'cron',
    minute: at(0, 15, 30, 45),
    hour: at(...hours),
    day: star,
    month: star,
    weekday: star,
    start: utc(first.change.at),
    end: utc(last.change.at + (last.middle - last.from)),
  }
  return { name: `cron ${cronText(rule)} from ${rule.start} to ${rule.end}`, rule, policies: 'all' }
}
