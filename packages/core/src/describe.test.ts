import { expect, test } from 'vitest'
import { describeSchedule } from './describe.ts'
import type { Every, IntervalSchedule, Schedule } from './schedule.ts'

const interval = (every: Every, anchor: string, fields: Partial<IntervalSchedule> = {}): IntervalSchedule => ({
  type: 'interval',
  every,
  anchor,
  anchorGiven: false,
  ...fields,
})
const jakarta = '2024-01-20T08:00:00+07:00'
const friday = '2024-01-19T15:00:00+07:00'

test.for<[Schedule, string, string]>([
  [
    { type: 'once', at: '2027-01-20T08:00:00+07:00' },
    'Asia/Jakarta',
    'Once, on 20 January 2027 at 08:00 in Asia/Jakarta',
  ],
  [interval({ days: 1 }, jakarta), 'Asia/Jakarta', 'Every day at 08:00 in Asia/Jakarta'],
  [interval({ days: 14 }, jakarta), 'Asia/Jakarta', 'Every 14 days at 08:00 in Asia/Jakarta'],
  [interval({ weeks: 1 }, friday), 'GMT+7', 'Every week on Friday at 15:00 in GMT+7'],
  [interval({ weeks: 2 }, friday), 'GMT+7', 'Every 2 weeks on Friday at 15:00 in GMT+7'],
  [interval({ weeks: 2, days: 1 }, friday), 'GMT+7', 'Every 2 weeks and 1 day at 15:00 in GMT+7'],
  [interval({ months: 1 }, jakarta), 'GMT+7', 'Every month on day 20 at 08:00 in GMT+7'],
  [
    interval({ months: 1 }, '2026-01-31T08:00:00+07:00'),
    'GMT+7',
    'Every month on day 31 (the last day of shorter months) at 08:00 in GMT+7',
  ],
  [interval({ years: 1, months: 2 }, jakarta), 'GMT+7', 'Every 1 year and 2 months on day 20 at 08:00 in GMT+7'],
  [interval({ months: 1, days: 1 }, jakarta), 'GMT+7', 'Every 1 month and 1 day at 08:00 in GMT+7'],
  [interval({ years: 1 }, jakarta), 'GMT+7', 'Every year on 20 January at 08:00 in GMT+7'],
  [
    interval({ years: 1 }, '2024-02-29T00:00:00+00:00'),
    'UTC',
    'Every year on 29 February (28 February in other years) at 00:00 in UTC',
  ],
  [interval({ minutes: 30 }, jakarta), 'GMT+7', 'Every 30 minutes'],
  [interval({ hours: 1 }, jakarta), 'GMT+7', 'Every hour'],
  [interval({ hours: 1, minutes: 30 }, jakarta), 'GMT+7', 'Every 1 hour and 30 minutes'],
  [interval({ days: 1, hours: 6, seconds: 1 }, jakarta), 'GMT+7', 'Every 1 day, 6 hours and 1 second'],
  [
    interval({ hours: 2 }, jakarta, { end: '2027-01-01T00:00:00+07:00' }),
    'GMT+7',
    'Every 2 hours, until 1 January 2027 at 00:00 in GMT+7',
  ],
  [
    interval({ minutes: 30 }, jakarta, { anchorGiven: true, end: '2027-01-01T00:00:00+07:00' }),
    'GMT+7',
    'Every 30 minutes, from 20 January 2024 at 08:00 in GMT+7, until 1 January 2027 at 00:00',
  ],
  [{ type: 'cron', cron: '0 9 * * *' }, 'Europe/Rome', 'At 09:00 in Europe/Rome'],
  [{ type: 'cron', cron: '0 9 * * MON-FRI' }, 'Europe/Rome', 'At 09:00, Monday through Friday, in Europe/Rome'],
  [
    { type: 'cron', cron: '0 9 * * *', start: '2027-01-01T00:00:00+01:00', end: '2027-06-30T23:59:59.5+02:00' },
    'Europe/Rome',
    'At 09:00 in Europe/Rome, from 1 January 2027 at 00:00, until 30 June 2027 at 23:59:59.500',
  ],
  [
    {
      type: 'rrule',
      rrule: 'RRULE:FREQ=MONTHLY;BYDAY=-1FR',
      anchor: '2026-01-30T17:00:00-05:00',
      anchorGiven: true,
    },
    'America/New_York',
    'Every month on the last Friday at 17:00 in America/New_York',
  ],
  [
    {
      type: 'rrule',
      rrule: 'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=10',
      anchor: '2026-01-05T17:00:00-05:00',
      anchorGiven: true,
    },
    'America/New_York',
    'Every week on Monday at 17:00, 10 times, in America/New_York',
  ],
])('%j in %s: %s', ([schedule, timezone, expected]) => {
  expect(describeSchedule(schedule, timezone)).toBe(expected)
})

test('what limits and delays the runs is said after the rule', () => {
  const daily = interval({ days: 1 }, jakarta)
  expect(describeSchedule(daily, 'GMT+7', { maxRuns: 10, jitterSeconds: 60 })).toBe(
    'Every day at 08:00 in GMT+7, 10 times, delayed by up to 60 seconds',
  )
  expect(describeSchedule(daily, 'GMT+7', { maxRuns: 1, jitterSeconds: 1 })).toBe(
    'Every day at 08:00 in GMT+7, 1 time, delayed by up to 1 second',
  )
  expect(describeSchedule({ type: 'once', at: jakarta }, 'GMT+7', { maxRuns: 3 })).toBe(
    'Once, on 20 January 2024 at 08:00 in GMT+7',
  )
})

test('a start is said until it has passed', () => {
  const daily = interval({ days: 1 }, jakarta, { anchorGiven: true })
  const before = Date.parse(jakarta) - 1
  expect(describeSchedule(daily, 'GMT+7', {}, before)).toBe(
    'Every day at 08:00 in GMT+7, from 20 January 2024 at 08:00',
  )
  expect(describeSchedule(daily, 'GMT+7', {}, before + 1)).toBe('Every day at 08:00 in GMT+7')
})
