import { describe, expect, test } from 'vitest'
import { NewSchedule } from './job.ts'
import { checkDst, readNewSchedule } from './read-new-schedule.ts'
import type { Dst } from './schedule.ts'

const now = Date.parse('2026-01-01T10:20:30.456-05:00')
const zone = 'America/New_York'

/** As a client sends it: the body is checked by its schema first. */
const read = (body: Record<string, unknown>) => readNewSchedule(NewSchedule.parse(body), zone, now)
const errors = (body: Record<string, unknown>) => {
  const result = read(body)
  return 'errors' in result ? result.errors : []
}

describe('a body becomes the schedule of its type', () => {
  test.for<[Record<string, unknown>, Record<string, unknown>]>([
    [{ type: 'once', schedule_time: '2026-06-01T08:00:00' }, { at: '2026-06-01T08:00:00-04:00' }],
    [
      { type: 'interval', days: 1, hours: 0, start_date: '2026-06-01T08:00:00', end_date: null },
      { every: { days: 1 }, anchor: '2026-06-01T08:00:00-04:00', anchorGiven: true },
    ],
    [
      { type: 'interval', minutes: 30, end_date: '2026-06-01' },
      {
        every: { minutes: 30 },
        anchor: '2026-01-01T10:20:30.456-05:00',
        anchorGiven: false,
        end: '2026-06-01T00:00:00-04:00',
      },
    ],
    [
      { type: 'cron', cron: '0 9 * * MON-FRI', start_date: '2026-06-01' },
      { cron: '0 9 * * MON-FRI', start: '2026-06-01T00:00:00-04:00' },
    ],
    [
      { type: 'rrule', rrule: 'FREQ=WEEKLY;BYDAY=MO', end_date: '2027-01-01T12:00:00Z' },
      {
        rrule: 'RRULE:FREQ=WEEKLY;BYDAY=MO',
        anchor: '2026-01-01T10:20:30-05:00',
        anchorGiven: false,
        end: '2027-01-01T07:00:00-05:00',
      },
    ],
  ])('%j', ([body, expected]) => {
    expect(read(body)).toEqual({ schedule: { type: body.type, ...expected } })
  })

  test('a field of another type is none of its own', () => {
    expect(NewSchedule.safeParse({ type: 'cron', cron: '@daily', days: 1 }).success).toBe(false)
    expect(NewSchedule.safeParse({ type: 'once', schedule_time: '2026-06-01', end_date: '2026-07-01' }).success).toBe(
      false,
    )
  })
})

test.for<[Record<string, unknown>, string]>([
  [{ type: 'interval', days: 1 }, 'start_date'],
  [{ type: 'cron', cron: '@daily' }, 'start_date'],
  [{ type: 'rrule', rrule: 'FREQ=DAILY' }, 'start_date'],
])('a start after the end is refused: %j', ([body]) => {
  const bounds = { start_date: '2026-06-02T00:00:00', end_date: '2026-06-01T00:00:00' }
  expect(errors({ ...body, ...bounds })).toEqual([{ path: 'end_date', message: 'must not be before start_date' }])
})

test('max_runs ends a rule of every second, null does not', () => {
  const body = { type: 'rrule', rrule: 'FREQ=SECONDLY' }
  expect(errors(body)).toMatchObject([{ path: 'rrule' }])
  expect(errors({ ...body, max_runs: null })).toMatchObject([{ path: 'rrule' }])
  expect(errors({ ...body, max_runs: 10 })).toEqual([])
})

describe('a time without an offset where the clocks change is placed by dst', () => {
  const [gap, fold] = ['2026-03-08T02:30:00', '2026-11-01T01:30:00']

  test.for<[string, Partial<Dst> | undefined, string]>([
    [gap, undefined, '2026-03-08T02:30:00-05:00'],
    [gap, { gap: 'shift' }, '2026-03-08T02:30:00-05:00'],
    [gap, { gap: 'skip' }, '2026-03-08T02:30:00-05:00'],
    [gap, { gap: 'next_valid' }, '2026-03-08T03:00:00-04:00'],
    [gap, { fold: 'second' }, '2026-03-08T02:30:00-05:00'],
    [fold, undefined, '2026-11-01T01:30:00-04:00'],
    [fold, { fold: 'first' }, '2026-11-01T01:30:00-04:00'],
    [fold, { fold: 'both' }, '2026-11-01T01:30:00-04:00'],
    [fold, { fold: 'second' }, '2026-11-01T01:30:00-05:00'],
    [fold, { gap: 'next_valid' }, '2026-11-01T01:30:00-04:00'],
    // With an offset it is an instant.
    [`${fold}-04:00`, { fold: 'second' }, '2026-11-01T01:30:00-04:00'],
    ['2026-03-08T02:30:00-05:00', { gap: 'next_valid' }, '2026-03-08T03:30:00-04:00'],
    ['2026-06-01T08:00:00', { gap: 'next_valid', fold: 'second' }, '2026-06-01T08:00:00-04:00'],
  ])('once at %s with %j', ([schedule_time, dst, at]) => {
    expect(read({ type: 'once', schedule_time, ...(dst && { dst }) })).toEqual({ schedule: { type: 'once', at } })
  })

  test.for([
    [fold, 'first', '-04:00'],
    [fold, 'both', '-04:00'],
    [fold, 'second', '-05:00'],
    [`${fold}-04:00`, 'second', '-04:00'],
  ] as const)('an interval from %s with fold %s', ([start_date, which, offset]) => {
    expect(read({ type: 'interval', days: 1, start_date, dst: { fold: which } })).toMatchObject({
      schedule: { anchor: `${fold}${offset}` },
    })
  })

  test('an interval from a gap keeps the wall time', () => {
    expect(read({ type: 'interval', days: 1, start_date: gap, dst: { gap: 'next_valid' } })).toMatchObject({
      schedule: { anchor: '2026-03-08T02:30:00-05:00' },
    })
  })
})

describe('what a dst policy asks of an interval', () => {
  const faults = (body: Record<string, unknown>, dst: Partial<Dst>) => {
    const result = read({ start_date: '2026-06-01', ...body })
    if ('errors' in result) throw new Error(JSON.stringify(result.errors))
    return checkDst(result.schedule, dst).map(({ path }) => path)
  }
  const mixed = { type: 'interval', days: 1, hours: 3 }

  test('of days and hours together can be neither skip nor both', () => {
    expect(faults(mixed, { gap: 'skip', fold: 'both' })).toEqual(['dst.gap', 'dst.fold'])
    expect(faults(mixed, { gap: 'skip' })).toEqual(['dst.gap'])
    expect(faults(mixed, { gap: 'next_valid', fold: 'second' })).toEqual([])
    expect(faults(mixed, {})).toEqual([])
  })

  test('can be anything for other intervals and rules', () => {
    for (const body of [
      { type: 'interval', days: 1 },
      { type: 'interval', hours: 3 },
      { type: 'cron', cron: '@daily' },
      { type: 'rrule', rrule: 'FREQ=DAILY' },
    ]) {
      expect(faults(body, { gap: 'skip', fold: 'both' })).toEqual([])
    }
  })
})
