import type { Case } from './case.ts'
import { at, type CronRule, cronText, every, star } from './cron-rule.ts'
import type { IntervalRule } from './interval-rule.ts'
import { type RruleRule, rruleText } from './rrule-rule.ts'

/** The rules that every zone gets, from a year on. */
export function fixedGrid(year: number): Case[] {
  return [...intervals(year), ...crons(), ...rrules(year)]
}

/** Those of them that a zone without a change of clock gets. */
export const isForStillZones = ({ name }: Case): boolean => still.some((part) => name.includes(part))

const still = [
  'days 1 from 02:30',
  'months 1 from -01-31',
  'years 1 from',
  '15,45 1-3 * * *',
  '0 12 L * *',
  '30 * * * *',
  'BYHOUR=2;BYMINUTE=15,45',
  'BYDAY=-1SU;BYHOUR=2',
  'HOURLY;INTERVAL=5 ',
]

function intervals(year: number): Case[] {
  const daily = ['00:00', '01:30', '02:15', '02:30', '23:30'].map((time) =>
    interval(`days 1 from ${time}`, { days: 1 }, `${year}-01-01T${time}:00`),
  )
  const leap = year - (year % 4)
  return [
    ...daily,
    interval('weeks 1 from Sunday 02:30', { weeks: 1 }, `${firstSunday(year)}T02:30:00`),
    interval('weeks 1 from Sunday 01:30', { weeks: 1 }, `${firstSunday(year)}T01:30:00`),
    interval('days 3 from 01:45', { days: 3 }, `${year}-01-01T01:45:00`),
    interval('months 1 from -01-31 02:30', { months: 1 }, `${year}-01-31T02:30:00`),
    interval('months 1 from -08-31 00:30, years before', { months: 1 }, `${year - 4}-08-31T00:30:00`),
    interval('years 1 from 29 February 02:30', { years: 1 }, `${leap}-02-29T02:30:00`),
    interval('months 1, weeks 1, days 1', { months: 1, weeks: 1, days: 1 }, `${year}-01-31T01:15:00`),
    { ...interval('days 1, hours 1', { days: 1, hours: 1 }, `${year}-01-10T12:00:00`), policies: 'few' },
    { ...interval('hours 5', { hours: 5 }, `${year}-01-10T12:30:00`), policies: 'few' },
  ]
}

const interval = (name: string, units: IntervalRule['every'], start: string): Case => ({
  name: `every ${name}`,
  rule: { kind: 'interval', every: units, start },
  policies: 'all',
})

function firstSunday(year: number): string {
  const weekday = new Date(Date.UTC(year, 0, 1)).getUTCDay()
  return new Date(Date.UTC(year, 0, 1 + ((7 - weekday) % 7))).toISOString().slice(0, 10)
}

function crons(): Case[] {
  return [
    cron({ minute: at(30), hour: at(2) }),
    cron({ minute: at(15, 45), hour: [{ from: 1, to: 3 }] }),
    cron({ minute: at(0), hour: at(0) }),
    cron({ minute: at(30), hour: at(1), weekday: [{ from: 0, to: 0, text: 'SUN' }] }),
    cron({ minute: at(0), hour: at(12), day: [{ last: true }] }),
    cron({ minute: at(0), hour: at(0), weekday: [{ lastOf: 5 }] }),
    cron({ minute: at(0), hour: at(9), day: [{ nearest: 15 }] }),
    cron({ minute: at(0), hour: at(0), day: at(13), weekday: at(5) }),
    cron({ minute: at(0), hour: at(2, 3), day: every(2), weekday: at(7) }),
    cron({ minute: at(59), hour: at(1, 23), month: every(2), weekday: [{ weekday: 0, nth: 2 }] }),
    cron({ minute: at(30), hour: at(0, 2), day: [{ nearest: 1 }, { nearest: 31 }], month: at(3, 8, 10, 11) }),
    cron({ second: every(30), minute: at(30), hour: at(2) }),
    cron({ minute: every(30), hour: star }),
    cron({ minute: every(20), hour: [{ from: 1, to: 3 }] }),
    cron({ minute: at(30), hour: star }),
    cron({ minute: at(0), hour: every(6) }),
  ]
}

function cron(fields: Partial<CronRule> & Pick<CronRule, 'minute' | 'hour'>): Case {
  const rule: CronRule = { kind: 'cron', day: star, month: star, weekday: star, ...fields }
  const asShown = [rule.minute, rule.hour].some(([first]) => first && 'star' in first)
  return { name: `cron ${cronText(rule)}`, rule, policies: asShown ? 'few' : 'all' }
}

const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5].map((weekday) => ({ weekday }))

function rrules(year: number): Case[] {
  const start = (month: number, day: number, hour: number, minute: number) =>
    Date.UTC(year, month - 1, day, hour, minute)
  return [
    rrule({ freq: 'DAILY', start: start(1, 1, 0, 0), byHour: [2], byMinute: [15, 45] }),
    rrule({ freq: 'WEEKLY', start: start(1, 1, 0, 30), byDay: [{ weekday: 6 }, { weekday: 0 }], byHour: [1, 2, 3] }),
    rrule({ freq: 'MONTHLY', start: start(1, 1, 0, 30), byDay: [{ weekday: 0, nth: -1 }], byHour: [2] }),
    rrule({ freq: 'MONTHLY', start: start(1, 1, 2, 30), byDay: MONDAY_TO_FRIDAY, bySetPos: [-1] }),
    rrule({ freq: 'MONTHLY', start: start(1, 1, 2, 30), byMonthDay: [-1] }),
    rrule({ freq: 'MONTHLY', start: start(1, 31, 0, 15) }),
    rrule({
      freq: 'YEARLY',
      start: start(1, 1, 0, 30),
      byMonth: [3, 10],
      byDay: [{ weekday: 0, nth: -1 }],
      byHour: [1, 2],
    }),
    rrule({ freq: 'YEARLY', start: Date.UTC(year - (year % 4), 1, 29, 2, 30) }),
    rrule({ freq: 'DAILY', start: start(1, 1, 2, 30), interval: 3, count: 500 }),
    rrule({ freq: 'WEEKLY', start: start(1, 5, 1, 30), interval: 2, byDay: [{ weekday: 0 }, { weekday: 1 }] }),
    rrule({ freq: 'HOURLY', start: start(1, 5, 0, 30), interval: 5 }),
    rrule({ freq: 'HOURLY', start: start(1, 5, 0, 20), byHour: [0, 1, 2, 3], byMinute: [0, 40] }),
    rrule({ freq: 'HOURLY', start: start(1, 5, 0, 0), interval: 3, byDay: [{ weekday: 0 }], count: 900 }),
    { ...rrule({ freq: 'MINUTELY', start: start(1, 5, 0, 10), interval: 45 }), aroundChanges: true },
    { ...rrule({ freq: 'MINUTELY', start: start(1, 5, 0, 0), interval: 7, byHour: [1, 2, 3] }), aroundChanges: true },
  ]
}

function rrule(parts: Omit<RruleRule, 'kind'>): Case {
  const rule: RruleRule = { kind: 'rrule', ...parts }
  const exact = rule.freq === 'HOURLY' || rule.freq === 'MINUTELY'
  return { name: `${rruleText(rule).replaceAll('\n', ' ')} `, rule, policies: exact ? 'few' : 'all' }
}
