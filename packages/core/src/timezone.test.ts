import { describe, expect, test } from 'vitest'
import { formatInZone, formatWall, offsetAt, parseZone, suggestZone, toInstant } from './timezone.ts'

const wall = (text: string) => Date.parse(`${text}Z`)

describe('parseZone', () => {
  test.for([
    ['Asia/Jakarta', 'Asia/Jakarta'],
    ['asia/jakarta', 'Asia/Jakarta'],
    [' ASIA / JAKARTA ', 'Asia/Jakarta'],
    ['America/New York', 'America/New_York'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
    ['antarctica/dumontdurville', 'Antarctica/DumontDUrville'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['us/eastern', 'US/Eastern'],
    ['america/nuuk', 'America/Nuuk'],
    ['est5edt', 'EST5EDT'],
    ['nz-chat', 'NZ-CHAT'],
    ['utc', 'UTC'],
    ['Z', 'UTC'],
    ['gmt', 'UTC'],
    ['GMT+0', 'UTC'],
    ['-00:00', 'UTC'],
    ['GMT+7', 'UTC+07:00'],
    ['gmt +7', 'UTC+07:00'],
    ['GMT-7', 'UTC-07:00'],
    ['UTC+8', 'UTC+08:00'],
    ['GMT+05:30', 'UTC+05:30'],
    ['UTC+0530', 'UTC+05:30'],
    ['+07:00', 'UTC+07:00'],
    ['-3', 'UTC-03:00'],
    ['UTC−7', 'UTC-07:00'],
    ['UTC+14:00', 'UTC+14:00'],
    ['UTC-14', 'UTC-14:00'],
    ['Etc/GMT+7', 'Etc/GMT+7'],
    ['etc/gmt-14', 'Etc/GMT-14'],
  ] as const)('takes %s for %s', ([text, zone]) => {
    expect(parseZone(text)).toBe(zone)
  })

  test.for([
    '',
    ' ',
    '7',
    'GMT7',
    'GMT+',
    'UTC+14:01',
    'UTC+15',
    'GMT+7:60',
    'GMT+730',
    'GMT+7:5',
    '++7',
    'IST',
    'PST',
    'Factory',
    'Asia',
    'Asia/',
    'Asia/Jakarta/',
    'Mars/Phobos',
    'SystemV/PST8',
    '__proto__',
    'constructor',
    'a'.repeat(10_000),
  ])('refuses %j', (text) => {
    expect(parseZone(text)).toBeNull()
  })

  test('what it returns, it takes again unchanged, and every name has an offset', () => {
    for (const name of Intl.supportedValuesOf('timeZone')) {
      expect(parseZone(name)).toBe(name)
      expect(parseZone(name.toUpperCase())).toBe(name)
    }
    for (const text of ['GMT+7', 'UTC-03:30', 'Z', 'Etc/GMT+7'])
      expect(parseZone(parseZone(text) ?? '')).toBe(parseZone(text))
  })

  test('GMT+7 is ahead of UTC, Etc/GMT+7 behind', () => {
    expect(offsetAt('UTC+07:00', 0)).toBe(7 * 3_600_000)
    expect(offsetAt('Etc/GMT+7', 0)).toBe(-7 * 3_600_000)
  })
})

test.for([
  ['Asia/Jakrta', 'Asia/Jakarta'],
  ['asia/jakatra', 'Asia/Jakarta'],
  ['Jakarta', 'Asia/Jakarta'],
  ['new york', 'America/New_York'],
  ['Europe/Berln', 'Europe/Berlin'],
  ['US/Estern', 'US/Eastern'],
  ['Asia/Kolkatta', 'Asia/Kolkata'],
  ['IST', null],
  ['GMT+15', null],
  ['Mars/Phobos', null],
  ['', null],
  ['a'.repeat(10_000), null],
] as const)('suggestZone: %s was meant to be %s', ([text, zone]) => {
  expect(suggestZone(text)).toBe(zone)
})

describe('toInstant over real transitions', () => {
  test.for([
    ['Asia/Jakarta', '2026-03-08T02:30:00', 'plain', '2026-03-08T02:30:00+07:00'],
    ['America/New_York', '2026-03-08T01:59:59.999', 'plain', '2026-03-08T01:59:59.999-05:00'],
    ['America/New_York', '2026-03-08T02:00:00', 'gap', '2026-03-08T03:00:00-04:00'],
    ['America/New_York', '2026-03-08T02:30:00', 'gap', '2026-03-08T03:30:00-04:00'],
    ['America/New_York', '2026-03-08T03:00:00', 'plain', '2026-03-08T03:00:00-04:00'],
    ['America/New_York', '2026-11-01T00:59:59.999', 'plain', '2026-11-01T00:59:59.999-04:00'],
    ['America/New_York', '2026-11-01T01:00:00', 'fold', '2026-11-01T01:00:00-04:00'],
    ['America/New_York', '2026-11-01T01:30:00', 'fold', '2026-11-01T01:30:00-04:00'],
    ['America/New_York', '2026-11-01T02:00:00', 'plain', '2026-11-01T02:00:00-05:00'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00', 'gap', '2026-10-04T02:45:00+11:00'],
    ['Australia/Lord_Howe', '2026-04-05T01:45:00', 'fold', '2026-04-05T01:45:00+11:00'],
    ['Asia/Kathmandu', '1986-01-01T00:10:00', 'gap', '1986-01-01T00:25:00+05:45'],
    ['Pacific/Chatham', '2026-09-27T03:00:00', 'gap', '2026-09-27T04:00:00+13:45'],
    ['Pacific/Chatham', '2026-04-05T03:15:00', 'fold', '2026-04-05T03:15:00+13:45'],
    ['America/Nuuk', '2024-03-30T23:30:00', 'gap', '2024-03-31T00:30:00-01:00'],
    ['Africa/Casablanca', '2025-02-23T02:30:00', 'fold', '2025-02-23T02:30:00+01:00'],
    ['Africa/Casablanca', '2025-04-06T02:30:00', 'gap', '2025-04-06T03:30:00+01:00'],
    ['Africa/Cairo', '2024-04-26T00:00:00', 'gap', '2024-04-26T01:00:00+03:00'],
    ['Pacific/Apia', '2011-12-30T08:00:00', 'gap', '2011-12-31T08:00:00+14:00'],
    ['Pacific/Kwajalein', '1993-08-21T12:00:00', 'gap', '1993-08-22T12:00:00+12:00'],
    ['America/Boa_Vista', '2000-10-08T00:30:00', 'gap', '2000-10-08T01:30:00-03:00'],
    ['America/Boa_Vista', '2000-10-14T23:30:00', 'fold', '2000-10-14T23:30:00-03:00'],
    ['UTC+07:00', '2026-03-08T02:30:00', 'plain', '2026-03-08T02:30:00+07:00'],
    ['Etc/GMT+7', '2026-03-08T02:30:00', 'plain', '2026-03-08T02:30:00-07:00'],
    ['Africa/Monrovia', '1971-06-01T00:00:00', 'plain', '1971-06-01T00:00:00-00:44:30'],
    ['America/New_York', '9999-07-01T00:00:00', 'plain', '9999-07-01T00:00:00-04:00'],
    ['Asia/Jakarta', '1850-01-01T00:00:00', 'plain', '1850-01-01T00:00:00+07:07:12'],
  ] as const)('%s %s: %s, %s', ([zone, text, kind, instant]) => {
    const resolved = toInstant(zone, wall(text))
    expect([resolved.kind, formatInZone(resolved.instant, zone)]).toEqual([kind, instant])
  })

  test('a gap tells its end, a fold its second pass', () => {
    expect(toInstant('America/New_York', wall('2026-03-08T02:30:00'))).toMatchObject({
      gapEnd: Date.parse('2026-03-08T03:00:00-04:00'),
    })
    expect(toInstant('America/New_York', wall('2026-11-01T01:30:00'))).toMatchObject({
      second: Date.parse('2026-11-01T01:30:00-05:00'),
    })
  })

  test('an unknown zone is a RangeError that names it', () => {
    expect(() => toInstant('Mars/Phobos', 0)).toThrow(new RangeError('unknown time zone "Mars/Phobos"'))
  })
})

test('formatInZone shows milliseconds only when there are any, and UTC as +00:00', () => {
  const instant = Date.UTC(2026, 10, 24, 1, 0, 0)
  expect(formatInZone(instant, 'Asia/Jakarta')).toBe('2026-11-24T08:00:00+07:00')
  expect(formatInZone(instant + 250, 'UTC+07:00')).toBe('2026-11-24T08:00:00.250+07:00')
  expect(formatInZone(instant, 'UTC')).toBe('2026-11-24T01:00:00+00:00')
  expect(formatInZone(instant, 'America/St_Johns')).toBe('2026-11-23T21:30:00-03:30')
})

test('formatWall keeps a wall time inside a gap together with its instant', () => {
  const skipped = wall('2026-03-08T02:30:00')
  const text = formatWall(skipped, toInstant('America/New_York', skipped).instant)
  expect(text).toBe('2026-03-08T02:30:00-05:00')
  expect(Date.parse(text)).toBe(Date.parse('2026-03-08T03:30:00-04:00'))
})
