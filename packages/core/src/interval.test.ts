import { describe, expect, test } from 'vitest'
import { MAX_INSTANT, parseDateTime } from './datetime.ts'
import { checkEvery, everyLimits, interval } from './interval.ts'
import { type Dst, defaultDst, type Every } from './schedule.ts'
import { formatInZone } from './timezone.ts'

const from = (zone: string, start: string, every: Every, dst: Dst = defaultDst) => {
  const parsed = parseDateTime(start, zone)
  if (!parsed.ok) throw new Error(parsed.reason)
  return {
    anchor: parsed.instant,
    rule: interval({ type: 'interval', every, anchor: parsed.text, anchorGiven: true }, zone, dst),
  }
}

/** The first occurrences, as text in the zone. */
function list(zone: string, start: string, every: Every, count: number, dst?: Dst): string[] {
  const { anchor, rule } = from(zone, start, every, dst)
  const found: string[] = []
  for (let next = rule.after(anchor - 1); next !== null && found.length < count; next = rule.after(next)) {
    found.push(formatInZone(next, zone))
  }
  return found
}

describe('calendar units keep the wall time across real transitions', () => {
  test.for([
    ['Asia/Jakarta', '2026-03-07T08:00:00', ['03-07T08:00:00+07:00', '03-08T08:00:00+07:00', '03-09T08:00:00+07:00']],
    ['GMT+7', '2026-03-07T08:00:00', ['03-07T08:00:00+07:00', '03-08T08:00:00+07:00', '03-09T08:00:00+07:00']],
    ['Etc/GMT+7', '2026-03-07T08:00:00', ['03-07T08:00:00-07:00', '03-08T08:00:00-07:00', '03-09T08:00:00-07:00']],
    [
      'America/New_York',
      '2026-03-07T02:30:00',
      ['03-07T02:30:00-05:00', '03-08T03:30:00-04:00', '03-09T02:30:00-04:00'],
    ],
    [
      'America/New_York',
      '2026-03-08T02:30:00',
      ['03-08T03:30:00-04:00', '03-09T02:30:00-04:00', '03-10T02:30:00-04:00'],
    ],
    [
      'America/New_York',
      '2026-10-31T01:30:00',
      ['10-31T01:30:00-04:00', '11-01T01:30:00-04:00', '11-02T01:30:00-05:00'],
    ],
    ['America/New_York', '2026-11-01T01:30:00-05:00', ['11-01T01:30:00-05:00', '11-02T01:30:00-05:00']],
    [
      'Australia/Lord_Howe',
      '2026-10-03T02:15:00',
      ['10-03T02:15:00+10:30', '10-04T02:45:00+11:00', '10-05T02:15:00+11:00'],
    ],
    [
      'Australia/Lord_Howe',
      '2026-04-04T01:45:00',
      ['04-04T01:45:00+11:00', '04-05T01:45:00+11:00', '04-06T01:45:00+10:30'],
    ],
    ['Asia/Kathmandu', '1985-12-31T00:10:00', ['12-31T00:10:00+05:30', '01-01T00:25:00+05:45', '01-02T00:10:00+05:45']],
    [
      'Pacific/Chatham',
      '2026-09-26T03:00:00',
      ['09-26T03:00:00+12:45', '09-27T04:00:00+13:45', '09-28T03:00:00+13:45'],
    ],
    ['America/Nuuk', '2024-03-29T23:30:00', ['03-29T23:30:00-02:00', '03-31T00:30:00-01:00', '03-31T23:30:00-01:00']],
    [
      'Africa/Casablanca',
      '2025-02-22T02:30:00',
      ['02-22T02:30:00+01:00', '02-23T02:30:00+01:00', '02-24T02:30:00+00:00'],
    ],
    ['Africa/Cairo', '2024-04-25T00:00:00', ['04-25T00:00:00+02:00', '04-26T01:00:00+03:00', '04-27T00:00:00+03:00']],
    ['Pacific/Apia', '2011-12-29T08:00:00', ['12-29T08:00:00-10:00', '12-31T08:00:00+14:00', '01-01T08:00:00+14:00']],
  ] as const)('every day in %s from %s', ([zone, start, expected]) => {
    const canonical = zone === 'GMT+7' ? 'UTC+07:00' : zone
    expect(list(canonical, start, { days: 1 }, expected.length).map((it) => it.slice(5))).toEqual(expected)
  })

  test.for([
    [
      'a month from the 31st clamps each time anew',
      { months: 1 },
      '2026-01-31T08:00:00',
      ['01-31', '02-28', '03-31', '04-30'],
    ],
    ['a year from 29 February', { years: 1 }, '2024-02-29T08:00:00', ['02-29', '02-28', '02-28', '02-28', '02-29']],
    ['months first, then days', { months: 1, days: 1 }, '2026-01-30T08:00:00', ['01-30', '03-01', '04-01', '05-03']],
    ['two weeks', { weeks: 2 }, '2024-01-19T15:00:00', ['01-19', '02-02', '02-16', '03-01']],
  ] as const)('%s', ([, every, start, days]) => {
    expect(list('Europe/Rome', start, every, days.length).map((it) => it.slice(5, 10))).toEqual(days)
  })

  test('exact units are durations: every two hours runs on through a gap and both passes of a fold', () => {
    expect(list('America/New_York', '2026-03-08T00:30:00', { hours: 1 }, 3).map((it) => it.slice(11))).toEqual([
      '00:30:00-05:00',
      '01:30:00-05:00',
      '03:30:00-04:00',
    ])
    expect(list('America/New_York', '2026-11-01T00:30:00', { hours: 1 }, 4).map((it) => it.slice(11))).toEqual([
      '00:30:00-04:00',
      '01:30:00-04:00',
      '01:30:00-05:00',
      '02:30:00-05:00',
    ])
  })

  test('a day and three hours: the day by the calendar, the hours after it as a duration', () => {
    expect(list('America/New_York', '2026-03-07T01:30:00', { days: 1, hours: 3 }, 3)).toEqual([
      '2026-03-07T01:30:00-05:00',
      '2026-03-08T05:30:00-04:00',
      '2026-03-09T07:30:00-04:00',
    ])
  })
})

describe('a day that a zone left out', () => {
  const { anchor, rule } = from('Pacific/Apia', '2011-12-28T08:00:00', { days: 1 })
  const [third = 0, fourth = 0, fifth = 0] = ['2011-12-31', '2012-01-01', '2012-01-02'].map((day) =>
    Date.parse(`${day}T08:00:00+14:00`),
  )
  const second = Date.parse('2011-12-29T08:00:00-10:00')

  test('its wall time and that of the day after share an instant, and it is one occurrence', () => {
    expect(rule.after(second)).toBe(third)
    expect(rule.after(third)).toBe(fourth)
    expect(rule.countIn(anchor - 1, third)).toBe(3)
    expect(rule.countIn(anchor - 1, second)).toBe(2)
    expect(rule.countIn(third, fourth)).toBe(1)
    expect(rule.countIn(anchor, fifth)).toBe(4)
  })

  test('going back over it is one step', () => {
    expect(rule.atOrBefore(third - 1)).toBe(second)
  })

  test('an interval of two days never doubles', () => {
    const { anchor, rule } = from('Pacific/Apia', '2011-12-28T08:00:00', { days: 2 })
    // The 30th is carried out on the 31st; the tenth after the 28th is 17 January.
    expect(rule.after(anchor)).toBe(third)
    expect(rule.countIn(anchor, Date.parse('2012-01-17T08:00:00+14:00'))).toBe(10)
  })

  test('under next_valid it is an occurrence of its own, where the next day begins; under skip it is none', () => {
    const days = (dst: Dst) => list('Pacific/Apia', '2011-12-28T08:00:00', { days: 1 }, 4, dst).map((it) => it.slice(5))
    const before = ['12-28T08:00:00-10:00', '12-29T08:00:00-10:00']
    expect(days({ gap: 'next_valid', fold: 'first' })).toEqual([
      ...before,
      '12-31T00:00:00+14:00',
      '12-31T08:00:00+14:00',
    ])
    expect(days({ gap: 'skip', fold: 'first' })).toEqual([...before, '12-31T08:00:00+14:00', '01-01T08:00:00+14:00'])
    const { rule } = from('Pacific/Apia', '2011-12-28T08:00:00', { days: 1 }, { gap: 'skip', fold: 'first' })
    expect(rule.gapsIn(anchor, fifth)).toEqual([])
  })
})

describe('dst', () => {
  const both: Dst = { gap: 'skip', fold: 'both' }
  const second: Dst = { gap: 'next_valid', fold: 'second' }
  const at = (text: string) => Date.parse(text)

  test('places the wall times of calendar units', () => {
    expect(list('America/New_York', '2026-03-07T02:30:00', { days: 1 }, 2, both).map((it) => it.slice(8, 16))).toEqual([
      '07T02:30',
      '09T02:30',
    ])
    expect(list('America/New_York', '2026-03-07T02:30:00', { days: 1 }, 2, second)[1]).toBe('2026-03-08T03:00:00-04:00')
    expect(list('America/New_York', '2026-10-31T01:30:00', { days: 1 }, 4, both).map((it) => it.slice(8))).toEqual([
      '31T01:30:00-04:00',
      '01T01:30:00-04:00',
      '01T01:30:00-05:00',
      '02T01:30:00-05:00',
    ])
    expect(list('America/New_York', '2026-10-31T01:30:00', { days: 1 }, 2, second)[1]).toBe('2026-11-01T01:30:00-05:00')
  })

  test.for([
    ['first', '-04:00', ['2026-11-01T01:30:00-04:00', '2026-11-02T01:30:00-05:00']],
    ['first', '-05:00', ['2026-11-01T01:30:00-05:00', '2026-11-02T01:30:00-05:00']],
    ['second', '-04:00', ['2026-11-01T01:30:00-04:00', '2026-11-02T01:30:00-05:00']],
    ['second', '-05:00', ['2026-11-01T01:30:00-05:00', '2026-11-02T01:30:00-05:00']],
    ['both', '-04:00', ['2026-11-01T01:30:00-04:00', '2026-11-01T01:30:00-05:00', '2026-11-02T01:30:00-05:00']],
    ['both', '-05:00', ['2026-11-01T01:30:00-05:00', '2026-11-02T01:30:00-05:00']],
  ] as const)('under %s a start in a fold with %s is that pass', ([fold, offset, expected]) => {
    const dst: Dst = { gap: 'shift', fold }
    const start = `2026-11-01T01:30:00${offset}`
    expect(list('America/New_York', start, { days: 1 }, expected.length, dst)).toEqual(expected)
    const { rule } = from('America/New_York', start, { days: 1 }, dst)
    expect(rule.countIn(0, at('2026-11-02T01:30:00-05:00'))).toBe(expected.length)
    expect(rule.atOrBefore(at(expected[0]))).toBe(at(expected[0]))
    expect(rule.atOrBefore(at(expected[0]) - 1)).toBeNull()
    expect(rule.mark(at(expected[0]))).toBe(expected[0].endsWith('-04:00') ? 'fold_first' : 'fold_second')
  })

  test('a start in a gap is placed by the policy', () => {
    const first = (dst: Dst, every: Every = { days: 1 }) => {
      const { rule } = from('America/New_York', '2026-03-08T02:30:00', every, dst)
      return formatInZone(rule.after(0) ?? 0, 'America/New_York')
    }
    expect(first(defaultDst)).toBe('2026-03-08T03:30:00-04:00')
    expect(first(second)).toBe('2026-03-08T03:00:00-04:00')
    expect(first(both)).toBe('2026-03-09T02:30:00-04:00')
    expect(first(second, { days: 1, hours: 1 })).toBe('2026-03-08T03:00:00-04:00')
  })

  test('does not touch exact units', () => {
    for (const dst of [defaultDst, both, second]) {
      const { rule } = from('America/New_York', '2026-03-08T00:30:00', { minutes: 30 }, dst)
      const [start, end] = [at('2026-03-08T00:00:00-05:00'), at('2026-03-09T00:00:00-04:00')]
      expect(rule.countIn(start, end - 1)).toBe(45)
      expect(rule.gapsIn(start, end)).toEqual([])
      expect(rule.mark(at('2026-03-08T03:30:00-04:00'))).toBeNull()
    }
  })

  test('with exact units beside the calendar, skip counts as shift and both as first', () => {
    const mixed = { days: 1, hours: 1 }
    for (const start of ['2026-03-06T00:30:00', '2026-10-30T23:30:00']) {
      expect(list('America/New_York', start, mixed, 6, both)).toEqual(list('America/New_York', start, mixed, 6))
    }
    // The day first: 02:30 on the 8th, placed at 03:00, and an hour.
    expect(list('America/New_York', '2026-03-07T02:30:00', mixed, 2, second)[1]).toBe('2026-03-08T04:00:00-04:00')
    expect(list('America/New_York', '2026-10-31T01:30:00', mixed, 2, second)[1]).toBe('2026-11-01T02:30:00-05:00')
  })
})

test('without a start date the anchor itself is no occurrence', () => {
  const rule = interval(
    { type: 'interval', every: { hours: 2 }, anchor: '2026-01-01T00:00:00Z', anchorGiven: false },
    'UTC',
    defaultDst,
  )
  expect(rule.after(0)).toBe(Date.UTC(2026, 0, 1, 2))
  expect(rule.atOrBefore(Date.UTC(2026, 0, 1, 1))).toBeNull()
  expect(rule.countIn(0, Date.UTC(2026, 0, 1, 2))).toBe(1)
})

test.for(['UTC', 'America/New_York', 'Pacific/Kiritimati'])('there is nothing after the year 9999 in %s', (zone) => {
  const { rule } = from(zone, '9999-12-29T00:00:00', { days: 1 })
  const last = rule.atOrBefore(8e15) ?? 0
  expect(formatInZone(last, zone)).toMatch(/^9999-12-31T00:00:00/)
  expect(rule.after(last)).toBeNull()
  expect(rule.after(8e15)).toBeNull()
  expect(from(zone, '9990-01-01', { years: 100 }).rule.after(Date.UTC(9991, 0))).toBeNull()
  const hourly = from(zone, '9999-12-29T00:00:00', { hours: 1 }).rule
  const end = hourly.atOrBefore(8e15) ?? 0
  expect([end > MAX_INSTANT, end > MAX_INSTANT - 3_600_000, hourly.after(end)]).toEqual([false, true, null])
  expect(hourly.countIn(end - 1, 8e15)).toBe(1)
})

describe('checkEvery', () => {
  test.for<[Every, keyof Every | null]>([
    [{}, null],
    [{ days: 0, hours: 0 }, null],
    [{ days: -1 }, 'days'],
    [{ seconds: 0.5 }, 'seconds'],
    [{ weeks: Number.NaN }, 'weeks'],
    [{ months: 1_201 }, 'months'],
    [{ seconds: Number.POSITIVE_INFINITY }, 'seconds'],
    [{ years: 60, days: 20_000 }, null],
  ])('refuses %j, naming %s', ([every, unit]) => {
    expect(checkEvery(every)?.unit).toBe(unit)
  })

  test('takes one second, and a hundred years in any unit', () => {
    expect(checkEvery({ seconds: 1 })).toBeNull()
    for (const [unit, limit] of Object.entries(everyLimits)) expect(checkEvery({ [unit]: limit })).toBeNull()
  })

  test('a stored interval that it refuses is a RangeError', () => {
    expect(() => from('UTC', '2026-01-01', { days: 0 })).toThrow(RangeError)
  })
})
