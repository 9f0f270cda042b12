import { describe, expect, test } from 'vitest'
import { listed, walk } from '../test/listed.ts'
import { compileCron } from './cron.ts'
import { MAX_INSTANT } from './datetime.ts'
import { type Dst, foldPolicies, gapPolicies } from './schedule.ts'
import { formatInZone } from './timezone.ts'
import { type Zoned, zoned } from './zoned.ts'

const DAY = 86_400_000

// Wall times around a change of clock, what happens whatever the policy, before and after it, and what happens by the policy.
// Of several a day, one in the gap comes to the instant of a regular one when it is shifted, one comes between two.
const gaps = `
zone year           | walls                                               | before      | after       | shift                   | next_valid              | skip
America/New_York    2026 | 03-07T02:30 03-08T02:30 03-09T02:30                         | 03-07T02:30-05:00 | 03-09T02:30-04:00 | 03-08T03:30-04:00                   | 03-08T03:00-04:00                   |
America/New_York    2026 | 03-08T01:40 03-08T02:10 03-08T02:50 03-08T03:10 03-08T04:00 | 03-08T01:40-05:00 | 03-08T04:00-04:00 | 03-08T03:10-04:00 03-08T03:50-04:00 | 03-08T03:00-04:00 03-08T03:10-04:00 | 03-08T03:10-04:00
Australia/Lord_Howe 2026 | 10-03T02:15 10-04T02:15 10-05T02:15                         | 10-03T02:15+10:30 | 10-05T02:15+11:00 | 10-04T02:45+11:00                   | 10-04T02:30+11:00                   |
Australia/Lord_Howe 2026 | 10-04T01:50 10-04T02:00 10-04T02:10 10-04T02:30 10-04T02:50 | 10-04T01:50+10:30 | 10-04T02:50+11:00 | 10-04T02:30+11:00 10-04T02:40+11:00 | 10-04T02:30+11:00                   | 10-04T02:30+11:00
Africa/Cairo        2024 | 04-25T00:30 04-26T00:30 04-27T00:30                         | 04-25T00:30+02:00 | 04-27T00:30+03:00 | 04-26T01:30+03:00                   | 04-26T01:00+03:00                   |
Africa/Cairo        2024 | 04-25T23:50 04-26T00:10 04-26T00:40 04-26T01:10 04-26T02:00 | 04-25T23:50+02:00 | 04-26T02:00+03:00 | 04-26T01:10+03:00 04-26T01:40+03:00 | 04-26T01:00+03:00 04-26T01:10+03:00 | 04-26T01:10+03:00
Pacific/Apia        2011 | 12-29T08:00 12-30T08:00 12-31T08:00                         | 12-29T08:00-10:00 |                   | 12-31T08:00+14:00                   | 12-31T00:00+14:00 12-31T08:00+14:00 | 12-31T08:00+14:00
Pacific/Apia        2011 | 12-29T20:00 12-30T04:00 12-30T12:00 12-31T04:00 12-31T20:00 | 12-29T20:00-10:00 | 12-31T20:00+14:00 | 12-31T04:00+14:00 12-31T12:00+14:00 | 12-31T00:00+14:00 12-31T04:00+14:00 | 12-31T04:00+14:00
Pacific/Chatham     2026 | 09-26T03:00 09-27T03:00 09-28T03:00                         | 09-26T03:00+12:45 | 09-28T03:00+13:45 | 09-27T04:00+13:45                   | 09-27T03:45+13:45                   |
Pacific/Chatham     2026 | 09-27T02:30 09-27T02:50 09-27T03:30 09-27T03:50 09-27T05:00 | 09-27T02:30+12:45 | 09-27T05:00+13:45 | 09-27T03:50+13:45 09-27T04:30+13:45 | 09-27T03:45+13:45 09-27T03:50+13:45 | 09-27T03:50+13:45
Africa/Casablanca   2025 | 04-05T02:30 04-06T02:30 04-07T02:30                         | 04-05T02:30+00:00 | 04-07T02:30+01:00 | 04-06T03:30+01:00                   | 04-06T03:00+01:00                   |
Africa/Casablanca   2025 | 04-06T01:40 04-06T02:10 04-06T02:50 04-06T03:10 04-06T04:00 | 04-06T01:40+00:00 | 04-06T04:00+01:00 | 04-06T03:10+01:00 04-06T03:50+01:00 | 04-06T03:00+01:00 04-06T03:10+01:00 | 04-06T03:10+01:00
America/Nuuk        2024 | 03-29T23:30 03-30T23:30 03-31T23:30                         | 03-29T23:30-02:00 | 03-31T23:30-01:00 | 03-31T00:30-01:00                   | 03-31T00:00-01:00                   |
America/Nuuk        2024 | 03-30T22:50 03-30T23:10 03-30T23:50 03-31T00:10 03-31T01:00 | 03-30T22:50-02:00 | 03-31T01:00-01:00 | 03-31T00:10-01:00 03-31T00:50-01:00 | 03-31T00:00-01:00 03-31T00:10-01:00 | 03-31T00:10-01:00`

const folds = `
zone year           | walls                                               | before      | after       | first                               | second
America/New_York    2026 | 10-31T01:30 11-01T01:30 11-02T01:30             | 10-31T01:30-04:00 | 11-02T01:30-05:00 | 11-01T01:30-04:00                   | 11-01T01:30-05:00
America/New_York    2026 | 11-01T00:50 11-01T01:10 11-01T01:50 11-01T02:00 | 11-01T00:50-04:00 | 11-01T02:00-05:00 | 11-01T01:10-04:00 11-01T01:50-04:00 | 11-01T01:10-05:00 11-01T01:50-05:00
Australia/Lord_Howe 2026 | 04-04T01:45 04-05T01:45 04-06T01:45             | 04-04T01:45+11:00 | 04-06T01:45+10:30 | 04-05T01:45+11:00                   | 04-05T01:45+10:30
Australia/Lord_Howe 2026 | 04-05T01:20 04-05T01:30 04-05T01:45 04-05T02:00 | 04-05T01:20+11:00 | 04-05T02:00+10:30 | 04-05T01:30+11:00 04-05T01:45+11:00 | 04-05T01:30+10:30 04-05T01:45+10:30
Africa/Cairo        2024 | 10-30T23:30 10-31T23:30 11-01T23:30             | 10-30T23:30+03:00 | 11-01T23:30+02:00 | 10-31T23:30+03:00                   | 10-31T23:30+02:00
Africa/Cairo        2024 | 10-31T22:50 10-31T23:10 10-31T23:50 11-01T00:10 | 10-31T22:50+03:00 | 11-01T00:10+02:00 | 10-31T23:10+03:00 10-31T23:50+03:00 | 10-31T23:10+02:00 10-31T23:50+02:00
Pacific/Apia        2012 | 03-31T03:30 04-01T03:30 04-02T03:30             | 03-31T03:30+14:00 | 04-02T03:30+13:00 | 04-01T03:30+14:00                   | 04-01T03:30+13:00
Pacific/Apia        2012 | 04-01T02:50 04-01T03:10 04-01T03:50 04-01T04:10 | 04-01T02:50+14:00 | 04-01T04:10+13:00 | 04-01T03:10+14:00 04-01T03:50+14:00 | 04-01T03:10+13:00 04-01T03:50+13:00
Pacific/Chatham     2026 | 04-04T03:00 04-05T03:00 04-06T03:00             | 04-04T03:00+13:45 | 04-06T03:00+12:45 | 04-05T03:00+13:45                   | 04-05T03:00+12:45
Pacific/Chatham     2026 | 04-05T02:30 04-05T02:50 04-05T03:40 04-05T03:50 | 04-05T02:30+13:45 | 04-05T03:50+12:45 | 04-05T02:50+13:45 04-05T03:40+13:45 | 04-05T02:50+12:45 04-05T03:40+12:45
Africa/Casablanca   2025 | 02-22T02:30 02-23T02:30 02-24T02:30             | 02-22T02:30+01:00 | 02-24T02:30+00:00 | 02-23T02:30+01:00                   | 02-23T02:30+00:00
Africa/Casablanca   2025 | 02-23T01:50 02-23T02:10 02-23T02:50 02-23T03:10 | 02-23T01:50+01:00 | 02-23T03:10+00:00 | 02-23T02:10+01:00 02-23T02:50+01:00 | 02-23T02:10+00:00 02-23T02:50+00:00
America/Nuuk        2024 | 10-25T23:30 10-26T23:30 10-27T23:30             | 10-25T23:30-01:00 | 10-27T23:30-02:00 | 10-26T23:30-01:00                   | 10-26T23:30-02:00
America/Nuuk        2024 | 10-26T22:50 10-26T23:10 10-26T23:50 10-27T00:10 | 10-26T22:50-01:00 | 10-27T00:10-02:00 | 10-26T23:10-01:00 10-26T23:50-01:00 | 10-26T23:10-02:00 10-26T23:50-02:00`

interface Row {
  zone: string
  walls: number[]
  before: string[]
  after: string[]
  /** What happens by the policy, named as the columns after the first four. */
  by: Record<string, string[]>
}

function rows(table: string): Row[] {
  const [head = [], ...lines] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const list = (cell = '') => (cell === '' ? [] : cell.split(' '))
  return lines.map(([place = '', walls, before, after, ...cells]) => {
    const [zone = '', year] = place.split(/ +/)
    const by = Object.fromEntries(cells.map((cell, i) => [head[i + 4] ?? '', list(cell)]))
    const at = list(walls).map((text) => Date.parse(`${year}-${text}Z`))
    return { zone, walls: at, before: list(before), after: list(after), by }
  })
}

const short = (instant: number, zone: string): string =>
  formatInZone(instant, zone).replace(/^\d+-(.*):00([+-].*)$/, '$1$2')

/** What the wall times of two changes become, asked for in each way there is. */
function placed(it: Zoned, zone: string, from: number, to: number): string[] {
  const found = walk(it, from, to)
  expect(it.countIn(from, to)).toBe(found.length)
  const back: number[] = []
  for (let at = it.atOrBefore(to); at !== null; at = it.atOrBefore(at - 1)) back.unshift(at)
  expect(back).toEqual(found)
  return found.map((instant) => short(instant, zone))
}

const [gapRows, foldRows] = [rows(gaps), rows(folds)]
const pairs = gapRows.flatMap((gap, i) => (foldRows[i] ? [[gap, foldRows[i]] as const] : []))
const named = pairs.map(([gap, fold], i) => [gap.zone, i % 2 === 0 ? 'daily' : 'several a day', gap, fold] as const)
const combinations = gapPolicies.flatMap((gap) => foldPolicies.map((fold): Dst => ({ gap, fold })))

describe.for(named)('the wall times of %s, %s', ([zone, , gap, fold]) => {
  const walls = listed([...gap.walls, ...fold.walls])
  const parts = [gap, fold].sort((a, b) => (a.walls[0] ?? 0) - (b.walls[0] ?? 0))
  const [from, to] = [Math.min(...gap.walls, ...fold.walls) - 2 * DAY, Math.max(...gap.walls, ...fold.walls) + 2 * DAY]

  test.for(combinations)('placed by %j', (dst) => {
    const chosen = (row: Row) => {
      if (row === gap) return row.by[dst.gap]
      return dst.fold === 'both' ? [...(row.by.first ?? []), ...(row.by.second ?? [])] : row.by[dst.fold]
    }
    const expected = parts.flatMap((row) => [...row.before, ...(chosen(row) ?? []), ...row.after])
    expect(placed(zoned(walls, zone, dst), zone, from, to)).toEqual(expected)
  })

  test('without a policy happen as the clocks show them: none in the gap, twice in the fold', () => {
    const expected = zoned(walls, zone, { gap: 'skip', fold: 'both' })
    expect(placed(zoned(walls, zone, null), zone, from, to)).toEqual(placed(expected, zone, from, to))
    expect(zoned(walls, zone, null).gapsIn(from, to)).toEqual([])
  })

  test('are marked where a change of clock had a hand in it, or listed where it left them out', () => {
    const marks = (dst: Dst) => {
      const it = zoned(walls, zone, dst)
      return Object.fromEntries(walk(it, from, to).map((instant) => [short(instant, zone), it.mark(instant)]))
    }
    const regular = gap.by.skip ?? []
    const plain = Object.fromEntries(
      [...gap.before, ...regular, ...gap.after, ...fold.before, ...fold.after].map((it) => [it, null]),
    )
    const all = (texts: string[] = [], mark: string) => Object.fromEntries(texts.map((it) => [it, mark]))
    const [first, second] = [all(fold.by.first, 'fold_first'), all(fold.by.second, 'fold_second')]
    const shifted = { ...all(gap.by.shift, 'gap_shifted'), ...plain }
    expect(marks({ gap: 'shift', fold: 'first' })).toEqual({ ...shifted, ...first })
    expect(marks({ gap: 'shift', fold: 'second' })).toEqual({ ...shifted, ...second })
    expect(marks({ gap: 'next_valid', fold: 'both' })).toEqual({
      ...all(gap.by.next_valid, 'gap_shifted'),
      ...plain,
      ...first,
      ...second,
    })
    expect(marks({ gap: 'skip', fold: 'both' })).toEqual({ ...plain, ...first, ...second })
    // A left-out one that would meet a regular one is not missing.
    const missing = (gap.by.shift ?? []).filter((it) => !regular.includes(it))
    const runs = zoned(walls, zone, { gap: 'skip', fold: 'first' }).gapsIn(from, to)
    expect(runs.map(({ first, last, count }) => [short(first, zone), short(last, zone), count])).toEqual(
      missing.length === 0 ? [] : [[missing[0], missing.at(-1), missing.length]],
    )
    for (const policy of ['shift', 'next_valid'] as const) {
      expect(zoned(walls, zone, { gap: policy, fold: 'first' }).gapsIn(from, to)).toEqual([])
    }
  })
})

test('the wall times of one gap are one run, cut where it is asked for a part', () => {
  const it = zoned(compileCron('*/20 2 * * *').walls, 'America/New_York', { gap: 'skip', fold: 'first' })
  const at = (time: string) => Date.parse(`2026-03-08T${time}-04:00`)
  const year = [Date.UTC(2026, 0), Date.UTC(2027, 0)] as const
  expect(it.gapsIn(...year)).toEqual([{ first: at('03:00'), last: at('03:40'), count: 3 }])
  expect(it.gapsIn(year[0], at('03:20'))).toEqual([{ first: at('03:00'), last: at('03:20'), count: 2 }])
  expect(it.gapsIn(at('03:20'), year[1])).toEqual([{ first: at('03:40'), last: at('03:40'), count: 1 }])
  expect(it.gapsIn(at('03:40'), year[1])).toEqual([])
  expect(it.gapsIn(at('03:00') - 1, at('03:00'))).toHaveLength(1)
})

describe('where nothing is to be found', () => {
  test('a rule that names a gap and nothing else is given up soon, in either direction', () => {
    const it = zoned(compileCron('30 2 * 3 SUN#2').walls, 'America/New_York', { gap: 'skip', fold: 'first' })
    const began = performance.now()
    expect(it.after(Date.UTC(2026, 0))).toBeNull()
    // In 2006 the clocks were set in April.
    expect(short(it.atOrBefore(Date.UTC(2026, 0)) ?? 0, 'America/New_York')).toBe('03-12T02:30-05:00')
    expect(performance.now() - began).toBeLessThan(1000)
    expect(it.gapsIn(Date.UTC(2026, 0), Date.UTC(2030, 0))).toHaveLength(4)
  })

  test.for(['UTC', 'Pacific/Kiritimati', 'Etc/GMT+12'])('nothing comes after the last instant in %s', (zone) => {
    const it = zoned(compileCron('30 * * * *').walls, zone, { gap: 'shift', fold: 'first' })
    const last = it.atOrBefore(Number.MAX_SAFE_INTEGER) ?? 0
    expect(MAX_INSTANT - last).toBeLessThan(3_600_000)
    expect(last).toBeLessThanOrEqual(MAX_INSTANT)
    expect(it.after(last)).toBeNull()
    expect(it.countIn(last - 1, Number.MAX_SAFE_INTEGER)).toBe(1)
    expect(it.after(-Infinity)).toBeLessThanOrEqual(1_800_000)
  })
})
