import { expect, test } from 'vitest'
import { policies } from '../test/policies.ts'
import { cron, every, rrule } from '../test/schedules.ts'
import { clockAfter, plan } from './planner.ts'
import { compileRrule } from './rrule.ts'

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

test('an exact rule is searched past every edge of the zone table, to the year 9999, without end', () => {
  const rule = rrule('RRULE:FREQ=MINUTELY;INTERVAL=61;BYHOUR=3;BYMINUTE=7;BYMONTHDAY=31', '2026-01-01T00:00:00+00:00')
  const { instants } = compileRrule(rule.rrule, { wall: Date.UTC(2026, 0), instant: Date.UTC(2026, 0) }, 'UTC')
  const before = performance.now()
  for (let edge = 0; edge < Date.UTC(9999, 0); edge += 2 ** 35) instants?.countIn(edge - 90_000, edge + 90_000)
  for (let year = 2026; year < 9990; year += 40) instants?.after(Date.UTC(year, 0))
  expect(performance.now() - before).toBeLessThan(5_000)
  expect(instants?.countIn(Date.UTC(3059, 0), Date.UTC(3061, 0))).toBe(
    countBySteps(Date.UTC(3059, 0), Date.UTC(3061, 0)),
  )

  function countBySteps(from: number, to: number): number {
    let count = 0
    const step = 61 * 60_000
    for (let at = Date.UTC(2026, 0) + Math.ceil((from + 1 - Date.UTC(2026, 0)) / step) * step; at <= to; at += step) {
      const date = new Date(at)
      if (date.getUTCDate() === 31 && date.getUTCHours() === 3 && date.getUTCMinutes() === 7) count += 1
    }
    return count
  }
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
