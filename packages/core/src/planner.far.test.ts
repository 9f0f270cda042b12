import { expect, test } from 'vitest'
import { policies } from '../test/policies.ts'
import { cron, every, rrule } from '../test/schedules.ts'
import { clockAfter, plan } from './planner.ts'

const now = Date.parse('2026-11-25T00:00:00Z')
const YEAR = 366 * 86_400_000
const skipping = (zone = 'America/New_York') => policies({ zone, dst: { gap: 'skip' } })
const far = '9000-01-01T02:30:00-05:00'

test.for([
  ['an interval', every({ days: 1 }, far)],
  ['a cron with a bound', cron('30 2 * * *', { start: far })],
  ['an rrule', rrule('RRULE:FREQ=DAILY', far)],
  ['a single date', rrule('RDATE:90000101T023000', '2026-01-01T00:00:00-05:00')],
] as const)('%s that begins thousands of years from now costs no walk through them', ([, schedule]) => {
  const before = performance.now()
  const { next, wakeAt } = clockAfter(schedule, skipping(), now)

  expect(performance.now() - before).toBeLessThan(300)
  expect(next?.nominal).toBe(Date.parse(far))
  // Looked at once more before: gaps are searched for some years only.
  expect(wakeAt).toBe(now + 10 * YEAR)
})

test('a blackout of thousands of years is looked at from gap to gap, and where there are none, now and then', () => {
  const blackouts = [{ from: now, to: Date.parse('9000-01-01T00:00:00Z') }]
  const wake = (zone: string, at: number) => {
    const before = performance.now()
    const planned = plan(cron('30 2 * * *'), { ...skipping(zone), blackouts }, now, at)
    expect(performance.now() - before).toBeLessThan(300)
    return planned.wakeAt
  }
  expect(wake('America/New_York', now)).toBe(Date.parse('2027-03-14T03:30:00-04:00'))
  const first = wake('Asia/Tokyo', now) ?? 0
  expect(first).toBe(now + 10 * YEAR)
  // Never a moment that has passed: the dispatcher would look again and again.
  expect(wake('Asia/Tokyo', first)).toBeGreaterThan(first)
})
