import { describe, expect, test } from 'vitest'
import { cron, rrule } from '../test/schedules.ts'
import { rezone } from './rezone.ts'
import type { IntervalSchedule } from './schedule.ts'

const daily: IntervalSchedule = {
  type: 'interval',
  every: { days: 1 },
  anchor: '2024-01-20T08:00:00+07:00',
  anchorGiven: true,
  end: '2024-07-01T08:00:00+07:00',
}

describe('rezone', () => {
  test('a one-time job keeps its instant', () => {
    expect(rezone({ type: 'once', at: '2026-11-24T08:00:00+07:00' }, 'Asia/Jakarta', 'America/New_York')).toEqual({
      type: 'once',
      at: '2026-11-23T20:00:00-05:00',
    })
  })

  test('a recurring job keeps its wall time, and its end with it', () => {
    expect(rezone(daily, 'Asia/Jakarta', 'America/New_York')).toEqual({
      ...daily,
      anchor: '2024-01-20T08:00:00-05:00',
      end: '2024-07-01T08:00:00-04:00',
    })
  })

  test('a wall time that the new zone skips is kept, and comes back unharmed', () => {
    const there = rezone({ ...daily, anchor: '2026-03-08T02:30:00+07:00' }, 'Asia/Jakarta', 'America/New_York')
    expect(there).toMatchObject({ anchor: '2026-03-08T02:30:00-05:00' })
    expect(rezone(there, 'America/New_York', 'Asia/Jakarta')).toMatchObject({ anchor: '2026-03-08T02:30:00+07:00' })
  })

  test('every 30 minutes without a start date keeps its beat', () => {
    const schedule = { ...daily, every: { minutes: 30 }, anchorGiven: false }
    expect(rezone(schedule, 'Asia/Jakarta', 'America/New_York')).toMatchObject({ anchor: '2024-01-19T20:00:00-05:00' })
    expect(rezone({ ...schedule, anchorGiven: true }, 'Asia/Jakarta', 'America/New_York')).toMatchObject({
      anchor: '2024-01-20T08:00:00-05:00',
    })
  })
  test('a cron keeps its text, and its bounds their wall times', () => {
    const schedule = cron('0 8 * * *', { start: '2024-01-20T08:00:00+07:00', end: '2024-07-01T08:00:00+07:00' })
    expect(rezone(schedule, 'Asia/Jakarta', 'America/New_York')).toEqual({
      ...schedule,
      start: '2024-01-20T08:00:00-05:00',
      end: '2024-07-01T08:00:00-04:00',
    })
    expect(rezone(cron('@daily'), 'Asia/Jakarta', 'America/New_York')).toEqual(cron('@daily'))
  })

  test('a rule keeps the wall time of its DTSTART', () => {
    const schedule = rrule('FREQ=DAILY', '2024-01-20T08:00:00+07:00', { start: '2024-07-01T08:00:00+07:00' })
    const moved = { ...schedule, anchor: '2024-01-20T08:00:00-05:00', start: '2024-07-01T08:00:00-04:00' }
    expect(rezone(schedule, 'Asia/Jakarta', 'America/New_York')).toEqual(moved)
    const unanchored = { ...schedule, anchorGiven: false }
    expect(rezone(unanchored, 'Asia/Jakarta', 'America/New_York')).toEqual({ ...moved, anchorGiven: false })
  })

  test.for(['HOURLY', 'MINUTELY;INTERVAL=30', 'SECONDLY;COUNT=9'])(
    'a rule of FREQ=%s without DTSTART keeps its beat',
    (freq) => {
      const schedule = rrule(`FREQ=${freq}`, '2024-01-20T08:00:00+07:00')
      expect(rezone({ ...schedule, anchorGiven: false }, 'Asia/Jakarta', 'America/New_York')).toMatchObject({
        anchor: '2024-01-19T20:00:00-05:00',
      })
      expect(rezone(schedule, 'Asia/Jakarta', 'America/New_York')).toMatchObject({
        anchor: '2024-01-20T08:00:00-05:00',
      })
    },
  )
})
