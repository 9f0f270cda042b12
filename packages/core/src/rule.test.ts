import { describe, expect, test } from 'vitest'
import { walk } from '../test/listed.ts'
import { cron, rrule } from '../test/schedules.ts'
import { rule } from './rule.ts'
import { type Dst, defaultDst, type Schedule } from './schedule.ts'
import { formatInZone } from './timezone.ts'

const zone = 'America/New_York'
const skipping: Dst = { gap: 'skip', fold: 'first' }

/** The occurrences of some days of 2026, as `dayThour:minute±hours` in the zone. */
function list(schedule: Schedule, from: string, to: string, dst: Dst = defaultDst, where = zone): string[] {
  const it = rule(schedule, where, dst)
  const [start, end] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${to}T00:00:00Z`)]
  const found = walk(it, start, end)
  expect(it.countIn(start, end)).toBe(found.length)
  return found.map((instant) => formatInZone(instant, where).replace(/^\d+-\d+-(.*):00(.\d+):00$/, '$1$2'))
}

describe('a cron where the clocks change', () => {
  test('of named times is placed by dst, one that counts minutes or hours runs as the clocks show', () => {
    expect(list(cron('30 1,2 * * *'), '2026-03-08', '2026-03-09')).toEqual(['08T01:30-05', '08T03:30-04'])
    expect(list(cron('*/30 1,2 * * *'), '2026-03-08', '2026-03-09')).toEqual(['08T01:00-05', '08T01:30-05'])
    expect(list(cron('30 1 * * *'), '2026-11-01', '2026-11-02')).toEqual(['01T01:30-04'])
    expect(list(cron('*/30 1 * * *'), '2026-11-01', '2026-11-02')).toEqual([
      '01T01:00-04',
      '01T01:30-04',
      '01T01:00-05',
      '01T01:30-05',
    ])
  })
})

describe('a rule with further and excluded dates', () => {
  const daily = (lines: string) =>
    rrule(`RRULE:FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30\n${lines}`, '2026-03-01T00:00:00-05:00')
  const march = (lines: string, dst?: Dst) => list(daily(lines), '2026-03-08', '2026-03-10', dst)

  test('excludes a wall time as such: what a gap moves onto another leaves that one', () => {
    // 02:30 moves to 03:30, and is one with it.
    expect(march('EXDATE:20260309T023000')).toEqual(['08T03:30-04', '09T03:30-04'])
    expect(march('EXDATE:20260308T023000')).toEqual(['08T03:30-04', '09T02:30-04', '09T03:30-04'])
    expect(march('EXDATE:20260308T023000,20260308T033000')).toEqual(['09T02:30-04', '09T03:30-04'])
    expect(march('EXDATE;VALUE=DATE:20260308')).toEqual(['09T02:30-04', '09T03:30-04'])
  })

  test('excludes an instant as an instant', () => {
    expect(march('EXDATE:20260308T073000Z')).toEqual(['09T02:30-04', '09T03:30-04'])
  })

  test('excludes the day that a wall time names, though a gap moves it into the next', () => {
    const late = (lines: string) =>
      list(
        rrule(`RRULE:FREQ=DAILY${lines}`, '2024-03-01T23:30:00-02:00'),
        '2024-03-30',
        '2024-04-01',
        defaultDst,
        'America/Nuuk',
      )
    expect(late('')).toEqual(['29T23:30-02', '31T00:30-01'])
    expect(late('\nEXDATE;VALUE=DATE:20240330')).toEqual(['29T23:30-02'])
    expect(late('\nEXDATE;VALUE=DATE:20240331')).toEqual(['29T23:30-02', '31T00:30-01'])
  })

  test('adds dates, placed by dst; an excluded one is not added', () => {
    const dates = (lines: string, dst?: Dst) =>
      list(rrule(lines, '2026-03-01T00:00:00-05:00'), '2026-03-08', '2026-03-10', dst)
    const walls = 'RDATE:20260308T023000,20260309T090000'
    expect(dates(walls)).toEqual(['08T03:30-04', '09T09:00-04'])
    expect(dates(walls, skipping)).toEqual(['09T09:00-04'])
    expect(dates(walls, { gap: 'next_valid', fold: 'first' })).toEqual(['08T03:00-04', '09T09:00-04'])
    expect(dates(`${walls},20260309T130000Z`)).toEqual(['08T03:30-04', '09T09:00-04'])
    expect(dates(`${walls}\nEXDATE:20260309T130000Z`)).toEqual(['08T03:30-04'])
    expect(dates(`${walls},20260309T140000Z\nEXDATE;VALUE=DATE:20260309`)).toEqual(['08T03:30-04'])
    expect(dates(`RDATE:20260309T130000Z\nEXDATE:20260309T090000`)).toEqual([])
  })

  test('of exact units excludes what its wall time or its day comes to', () => {
    const hourly = (lines: string) =>
      list(rrule(`RRULE:FREQ=HOURLY;INTERVAL=8${lines}`, '2026-03-01T00:00:00-05:00'), '2026-03-08', '2026-03-09')
    expect(hourly('')).toEqual(['08T00:00-05', '08T09:00-04', '08T17:00-04'])
    expect(hourly('\nEXDATE:20260308T090000')).toEqual(['08T00:00-05', '08T17:00-04'])
    expect(hourly('\nEXDATE;VALUE=DATE:20260308')).toEqual([])
  })

  test('leaves out of a gap what is excluded or comes after an UNTIL with Z', () => {
    const year = [Date.UTC(2026, 0), Date.UTC(2027, 0)] as const
    const gaps = (lines: string) =>
      rule(rrule(`RRULE:FREQ=DAILY${lines}`, '2026-03-01T02:30:00-05:00'), zone, skipping).gapsIn(...year)
    expect(gaps('')).toMatchObject([{ count: 1 }])
    expect(gaps(';UNTIL=20260308T080000Z')).toMatchObject([{ count: 1 }])
    expect(gaps(';UNTIL=20260308T050000Z')).toEqual([])
    expect(gaps('\nEXDATE:20260308T023000')).toEqual([])
    expect(gaps('\nEXDATE;VALUE=DATE:20260308')).toEqual([])
    // What happens at that instant for another reason is there.
    expect(gaps('\nRDATE:20260308T073000Z')).toEqual([])
    expect(gaps('\nRDATE:20260308T033000')).toEqual([])
    expect(gaps('\nRDATE:20260308T022000')).toMatchObject([{ count: 2 }])
    expect(gaps(';UNTIL=20260301T080000Z\nRDATE:20260308T023000')).toMatchObject([{ count: 1 }])
  })

  test('marks what a gap or a fold did to a date, and nothing else', () => {
    const marks = (text: string, dst: Dst = { gap: 'shift', fold: 'both' }) => {
      const it = rule(rrule(text, '2026-03-01T08:00:00-05:00'), zone, dst)
      const nights = [
        ['2026-03-08', '2026-03-09'],
        ['2026-11-01', '2026-11-02'],
      ] as const
      return nights.flatMap(([from, to]) =>
        walk(it, Date.parse(`${from}T00:00:00-04:00`), Date.parse(`${to}T00:00:00-04:00`)).map((at) => it.mark(at)),
      )
    }
    const dates = 'RDATE:20260308T023000,20260308T030000,20261101T013000\nRDATE:20260308T071000Z'
    const expected = [null, null, 'gap_shifted', null, 'fold_first', 'fold_second', null]
    expect(marks(`RRULE:FREQ=DAILY\n${dates}`)).toEqual(expected)
    expect(marks(`RRULE:FREQ=HOURLY;INTERVAL=24\n${dates}`)).toEqual(expected)
    expect(marks(`RRULE:FREQ=DAILY;UNTIL=20260305T000000Z\n${dates}`)).toEqual(
      expected.slice(0, 3).concat(expected.slice(4, 6)),
    )
  })
})
