import { describe, expect, test } from 'vitest'
import { dateTimeFault, parseDateTime, readStored, resolveStored } from './datetime.ts'

const parse = (text: string, zone = 'America/New_York') => {
  const result = parseDateTime(text, zone)
  return result.ok ? result.text : result.reason
}

describe('parseDateTime', () => {
  test.for([
    ['2024-01-20T08:00:00', '2024-01-20T08:00:00-05:00'],
    ['2024-01-20T08:00', '2024-01-20T08:00:00-05:00'],
    ['2024-01-20 08:00:00', '2024-01-20T08:00:00-05:00'],
    ['2024-01-20', '2024-01-20T00:00:00-05:00'],
    ['2024-02-29', '2024-02-29T00:00:00-05:00'],
    ['2024-01-20T08:00:00.25', '2024-01-20T08:00:00.250-05:00'],
    ['2024-01-20T08:00:00.123999', '2024-01-20T08:00:00.123-05:00'],
    ['2024-01-20T08:00:00Z', '2024-01-20T03:00:00-05:00'],
    ['2024-01-20t08:00:00z', '2024-01-20T03:00:00-05:00'],
    ['2024-01-20T08:00:00.001+07:00', '2024-01-19T20:00:00.001-05:00'],
    ['2024-01-20T08:00:00+0700', '2024-01-19T20:00:00-05:00'],
    ['2024-01-20T08:00:00+07', '2024-01-19T20:00:00-05:00'],
    ['2026-03-08T02:30:00', '2026-03-08T02:30:00-05:00'],
    ['2026-11-01T01:30:00', '2026-11-01T01:30:00-04:00'],
    ['2026-11-01T01:30:00-05:00', '2026-11-01T01:30:00-05:00'],
    ['1970-01-01T00:00:00Z', '1969-12-31T19:00:00-05:00'],
  ] as const)('%s in New York is stored as %s', ([text, stored]) => {
    expect(parse(text)).toBe(stored)
  })

  test.for([
    ['', 'ISO 8601'],
    ['tomorrow', 'ISO 8601'],
    ['NaN', 'ISO 8601'],
    ['1705712400', 'ISO 8601'],
    ['2024-1-20T08:00:00', 'ISO 8601'],
    ['2024-01-20T8:00', 'ISO 8601'],
    ['2024-01-20T08:00:00 ', 'ISO 8601'],
    ['2024-01-20T08:00:00[Asia/Jakarta]', 'ISO 8601'],
    ['+02024-01-20T08:00:00', 'ISO 8601'],
    ['2024-01-20Z', 'ISO 8601'],
    ['2024-01-20T08:00:00.', 'ISO 8601'],
    [`2024-01-20T08:00:00.${'1'.repeat(50_000)}`, 'ISO 8601'],
    ['2024-02-30T08:00:00', 'a date that exists, not 2024-02-30'],
    ['2023-02-29', 'a date that exists'],
    ['2024-13-01', 'a date that exists'],
    ['2024-00-10', 'a date that exists'],
    ['2024-01-00', 'a date that exists'],
    ['2024-01-20T25:00:00', 'from 00:00 to 23:59, not 25:00'],
    ['2024-01-20T24:00:00', 'from 00:00 to 23:59'],
    ['2024-01-20T08:60:00', 'from 00:00 to 23:59'],
    ['2016-12-31T23:59:60Z', 'leap seconds'],
    ['2024-01-20T08:00:00+19:00', 'offset'],
    ['2024-01-20T08:00:00+07:60', 'offset'],
    ['99999-01-01T00:00:00', '1970 to 9999'],
    ['9999-12-31T23:59:59-12:00', '1970 to 9999'],
    ['1969-12-31T18:00:00', '1970 to 9999'],
    ['1970-01-01T00:00:00+07:00', '1970 to 9999'],
    ['0070-01-01T00:00:00', '1970 to 9999'],
  ] as const)('refuses %s with a sentence about %s', ([text, about]) => {
    expect(parse(text)).toContain(about)
  })

  test('tells whether the zone decided the instant, and whether the wall time was skipped or repeated', () => {
    expect(parseDateTime('2026-03-08T02:30:00', 'America/New_York')).toMatchObject({ naive: true, kind: 'gap' })
    expect(parseDateTime('2026-11-01T01:30:00', 'America/New_York')).toMatchObject({ naive: true, kind: 'fold' })
    expect(parseDateTime('2026-11-01T01:30:00-05:00', 'America/New_York')).toMatchObject({
      naive: false,
      kind: 'plain',
    })
  })
})

describe('resolveStored', () => {
  test.for([
    ['2026-11-01T01:30:00-04:00', '2026-11-01T05:30:00.000Z'],
    ['2026-11-01T01:30:00-05:00', '2026-11-01T06:30:00.000Z'],
    ['2026-03-08T02:30:00-05:00', '2026-03-08T07:30:00.000Z'],
    // The zone has never had +09:00: its rules changed after this was stored, and the wall time is what was promised.
    ['2026-07-01T08:00:00+09:00', '2026-07-01T12:00:00.000Z'],
  ] as const)('%s in New York is %s', ([text, instant]) => {
    expect(new Date(resolveStored(text, 'America/New_York').instant).toISOString()).toBe(instant)
  })

  test('what parseDateTime stores reads back as the same instant, offsets of odd seconds too', () => {
    for (const [text, zone] of [
      ['1971-06-01T00:00:00', 'Africa/Monrovia'],
      ['2026-03-08T02:30:00', 'America/New_York'],
    ] as const) {
      const parsed = parseDateTime(text, zone)
      if (!parsed.ok) throw new Error(parsed.reason)
      expect(resolveStored(parsed.text, zone)).toEqual({ instant: parsed.instant, wall: parsed.wall })
      expect(readStored(parsed.text).instant).toBe(parsed.instant)
    }
  })

  test('a stored text without an offset is a RangeError', () => {
    expect(() => resolveStored('2026-03-08T02:30:00', 'UTC')).toThrow(RangeError)
  })
})

test.for([
  ...[
    '2024-01-20T08:00:00',
    '2024-01-20',
    '1970-01-01T00:00:00',
    '1970-01-01T01:00:00+01:00',
    '9999-12-31T09:59:59.999Z',
  ],
  ...[
    '',
    'tomorrow',
    '2024-02-30',
    '2024-01-20T24:00',
    '2024-01-20T08:00:60',
    '2024-01-20T08:00:00+19:00',
    '12024-01-01',
  ],
  ...['1969-12-31T23:59:59.999Z', '1970-01-01T00:59:59+01:00', '9999-12-31T10:00:00Z', '9999-12-31T23:00:00+13:00'],
])('the fault of %s is what reading it in UTC says', (text) => {
  const read = parseDateTime(text, 'UTC')
  expect(dateTimeFault(text)).toBe(read.ok ? null : read.reason)
})
