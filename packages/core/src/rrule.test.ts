import { describe, expect, test } from 'vitest'
import { MAX_INSTANT } from './datetime.ts'
import type { Recurrence } from './recurrence.ts'
import { compileRrule } from './rrule.ts'

const ZONE = 'America/New_York'
const DAY = 86_400_000
// 08:00 in winter, so five hours behind UTC.
const anchor = { wall: Date.UTC(2026, 0, 1, 8), instant: Date.UTC(2026, 0, 1, 13) }

const compile = (rule: string) => compileRrule(`RRULE:${rule}`, anchor, ZONE)

function walls(rule: string, at = anchor): Recurrence {
  const it = compileRrule(`RRULE:${rule}`, at, ZONE).walls
  if (!it) throw new Error('has no wall times')
  return it
}

function instants(rule: string): Recurrence {
  const it = compile(rule).instants
  if (!it) throw new Error('has no instants')
  return it
}

function all(recurrence: Recurrence): string[] {
  const found: string[] = []
  for (let at = recurrence.after(-Infinity); at !== null && found.length < 20; at = recurrence.after(at)) {
    found.push(new Date(at).toISOString().slice(0, 16))
  }
  return found
}

describe('where a rule ends', () => {
  test('an UNTIL of wall time is inclusive and applied', () => {
    expect(all(walls('FREQ=DAILY;UNTIL=20260103T080000'))).toEqual([
      '2026-01-01T08:00',
      '2026-01-02T08:00',
      '2026-01-03T08:00',
    ])
    expect(all(walls('FREQ=DAILY;UNTIL=20260103T075959'))).toHaveLength(2)
  })

  test('an UNTIL of a date has its whole day', () => {
    expect(all(walls('FREQ=DAILY;BYHOUR=23;BYMINUTE=59;BYSECOND=59;UNTIL=20260102'))).toHaveLength(2)
  })

  test('an UNTIL with Z is handed on for wall times, and applied to instants', () => {
    const daily = compile('FREQ=DAILY;UNTIL=20260102T130000Z')
    expect(daily.untilInstant).toBe(Date.UTC(2026, 0, 2, 13))
    expect(all(daily.walls as Recurrence)).toHaveLength(20)
    const hourly = compile('FREQ=HOURLY;UNTIL=20260101T150000Z')
    expect(hourly.untilInstant).toBeNull()
    expect(all(hourly.instants as Recurrence)).toEqual(['2026-01-01T13:00', '2026-01-01T14:00', '2026-01-01T15:00'])
  })

  test('an UNTIL of wall time ends exact rules at its instant in the zone', () => {
    expect(all(instants('FREQ=HOURLY;UNTIL=20260101T100000'))).toHaveLength(3)
  })

  test('COUNT counts from DTSTART on, which counts only when it matches', () => {
    expect(all(walls('FREQ=DAILY;BYHOUR=7,9;COUNT=3'))).toEqual([
      '2026-01-01T09:00',
      '2026-01-02T07:00',
      '2026-01-02T09:00',
    ])
    expect(all(instants('FREQ=HOURLY;BYMINUTE=30;BYHOUR=8,10;COUNT=3'))).toEqual([
      '2026-01-01T13:30',
      '2026-01-01T15:30',
      '2026-01-02T13:30',
    ])
  })

  test('COUNT is counted before EXDATE', () => {
    const it = compileRrule('RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T080000', anchor, ZONE)
    expect(it.walls?.countIn(0, MAX_INSTANT)).toBe(3)
    expect(it.exdates).toEqual({ instants: [], walls: [Date.UTC(2026, 0, 2, 8)], days: [] })
  })

  test('a COUNT that the last year cuts off is no end', () => {
    const it = walls('FREQ=YEARLY;COUNT=100000')
    expect(it.atOrBefore(MAX_INSTANT)).toBe(Date.UTC(9999, 0, 1, 8))
    expect(it.after(Date.UTC(9999, 0, 1, 8))).toBeNull()
  })

  test('a COUNT of 10,000 is counted over the periods that hold nothing', () => {
    const it = walls('FREQ=MONTHLY;BYDAY=5FR;COUNT=10000')
    expect(it.countIn(-DAY, MAX_INSTANT)).toBe(10_000)
  })
})

test('dates are sorted into instants, wall times and days', () => {
  const it = compileRrule(
    'RDATE:20260105T080000Z,20260106T080000\nEXDATE;VALUE=DATE:20260107\nEXDATE:20260108T080000Z',
    anchor,
    ZONE,
  )
  expect(it).toEqual({
    walls: null,
    instants: null,
    untilInstant: null,
    rdates: { instants: [Date.UTC(2026, 0, 5, 8)], walls: [Date.UTC(2026, 0, 6, 8)] },
    exdates: { instants: [Date.UTC(2026, 0, 8, 8)], walls: [], days: [Date.UTC(2026, 0, 7)] },
  })
})

describe('what the rule leaves open', () => {
  test('is as in DTSTART: day of the month, month, weekday and time', () => {
    const at = { wall: Date.UTC(2026, 0, 31, 8, 5, 7), instant: Date.UTC(2026, 0, 31, 13, 5, 7) }
    const first = (rule: string) => all(walls(rule, at)).slice(0, 2)
    expect(first('FREQ=MONTHLY')).toEqual(['2026-01-31T08:05', '2026-03-31T08:05'])
    expect(first('FREQ=YEARLY;BYMONTH=2,3')).toEqual(['2026-03-31T08:05', '2027-03-31T08:05'])
    expect(first('FREQ=YEARLY;BYWEEKNO=20')).toEqual(['2026-05-16T08:05', '2027-05-22T08:05'])
    expect(first('FREQ=WEEKLY;BYHOUR=6')).toEqual(['2026-02-07T06:05', '2026-02-14T06:05'])
    expect(walls('FREQ=DAILY', at).after(at.wall)).toBe(at.wall + DAY)
  })

  test('week 1 is the whole week, also where it begins in December', () => {
    expect(all(walls('FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;COUNT=3'))).toEqual([
      '2027-01-04T08:00',
      '2028-01-03T08:00',
      '2029-01-01T08:00',
    ])
    const first = walls('FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO')
    expect(first.after(Date.UTC(2029, 0, 2))).toBe(Date.UTC(2029, 11, 31, 8))
    expect(first.atOrBefore(Date.UTC(2029, 11, 31, 12))).toBe(Date.UTC(2029, 11, 31, 8))
    // The last day of week 53 of 2026.
    expect(walls('FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU').after(Date.UTC(2027, 0, 1))).toBe(Date.UTC(2027, 0, 3, 8))
  })

  test('with week numbers the years are those of the weeks, from that of DTSTART on', () => {
    // A Saturday of week 52 of 1999.
    const at = { wall: Date.UTC(2000, 0, 1, 8), instant: Date.UTC(2000, 0, 1, 13) }
    expect(all(walls('FREQ=YEARLY;INTERVAL=2;BYWEEKNO=-1;COUNT=3', at))).toEqual([
      '2000-01-01T08:00',
      '2001-12-29T08:00',
      '2003-12-27T08:00',
    ])
  })
})

test('every second of every day is answered without listing them', () => {
  const range = (count: number) => Array.from({ length: count }, (_, index) => index).join()
  const it = walls(`FREQ=YEARLY;BYYEARDAY=-1;BYHOUR=${range(24)};BYMINUTE=${range(60)};BYSECOND=${range(60)}`)
  const since = performance.now()
  expect(it.after(Date.UTC(2030, 11, 31, 23, 59, 58))).toBe(Date.UTC(2030, 11, 31, 23, 59, 59))
  expect(it.countIn(-DAY, Date.UTC(2126, 0, 1) - 1)).toBe(100 * 86_400)
  expect(performance.now() - since).toBeLessThan(100)
})

test('an exact rule of every second over a year is counted by arithmetic', () => {
  const it = instants('FREQ=SECONDLY')
  const since = performance.now()
  expect(it.countIn(anchor.instant, anchor.instant + 365 * DAY)).toBe(365 * 86_400)
  expect(performance.now() - since).toBeLessThan(5)
})

test('what was compiled is kept for the same text, anchor and zone', () => {
  const it = compile('FREQ=DAILY;COUNT=7')
  expect(compile('FREQ=DAILY;COUNT=7')).toBe(it)
  expect(compileRrule('RRULE:FREQ=DAILY;COUNT=7', { ...anchor, wall: anchor.wall + 1000 }, ZONE)).not.toBe(it)
  expect(compileRrule('RRULE:FREQ=DAILY;COUNT=7', anchor, 'UTC')).not.toBe(it)
})

test('a text that was never accepted is a RangeError', () => {
  for (const text of ['', 'FREQ=DAILY', 'RRULE:FREQ=DAILY;BYHOUR=24', 'RDATE:2026', 'EXRULE:FREQ=DAILY']) {
    expect(() => compileRrule(text, anchor, ZONE)).toThrow(RangeError)
  }
})
