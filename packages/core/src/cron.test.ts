import { describe, expect, test } from 'vitest'
import { checkCron, compileCron } from './cron.ts'

const wall = (text: string): number => Date.parse(`${text}Z`)
const show = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString().slice(0, 19))

/** The first wall times after one, which `from` spells out. */
function next(cron: string, from: string, count: number): string[] {
  const { walls } = compileCron(cron)
  const found: number[] = []
  for (let at = walls.after(wall(from)); at !== null && found.length < count; at = walls.after(at)) found.push(at)
  return found.map((it) => show(it) ?? '')
}

// 2026 begins on a Thursday.
const NEW_YEAR = '2025-12-31T23:59:59'
const days = (cron: string, count: number) => next(cron, NEW_YEAR, count).map((it) => it.slice(5, 10))
const times = (cron: string, count: number) => next(cron, NEW_YEAR, count).map((it) => it.slice(11))

describe('the times of a day', () => {
  test.for([
    ['* * * * *', ['00:00:00', '00:01:00', '00:02:00']],
    ['*/20 * * * *', ['00:00:00', '00:20:00', '00:40:00', '01:00:00']],
    ['*/45 * * * *', ['00:00:00', '00:45:00', '01:00:00']],
    ['5-10/2 3 * * *', ['03:05:00', '03:07:00', '03:09:00', '03:05:00']],
    ['0,30 8,17 * * *', ['08:00:00', '08:30:00', '17:00:00', '17:30:00', '08:00:00']],
    ['0 */9 * * *', ['00:00:00', '09:00:00', '18:00:00', '00:00:00']],
    ['50-59/4,3 23 * * *', ['23:03:00', '23:50:00', '23:54:00', '23:58:00', '23:03:00']],
    ['*/25 59 23 * * *', ['23:59:00', '23:59:25', '23:59:50', '23:59:00']],
    ['7 * * * * *', ['00:00:07', '00:01:07']],
    ['  0   8 * * *  ', ['08:00:00']],
    ['0\t8\t*\t*\t*', ['08:00:00']],
    ['@hourly', ['00:00:00', '01:00:00']],
    ['@DAILY', ['00:00:00', '00:00:00']],
  ] as const)('%s', ([cron, expected]) => {
    expect(times(cron, expected.length)).toEqual(expected)
  })
})

describe('the days of a year', () => {
  test.for([
    ['0 0 31 * *', ['01-31', '03-31', '05-31', '07-31']],
    ['0 0 */10 * *', ['01-01', '01-11', '01-21', '01-31', '02-01']],
    ['0 0 1 jan,JUL-Sep *', ['01-01', '07-01', '08-01', '09-01', '01-01']],
    ['0 0 1 */5 *', ['01-01', '06-01', '11-01', '01-01']],
    ['0 0 * * 7', ['01-04', '01-11']],
    ['0 0 * * 0', ['01-04', '01-11']],
    ['0 0 * * fri-SUN', ['01-02', '01-03', '01-04', '01-09']],
    ['0 0 * * 6-7', ['01-03', '01-04', '01-10']],
    ['0 0 ? * MON', ['01-05', '01-12']],
    ['0 0 15 * ?', ['01-15', '02-15']],
    ['@weekly', ['01-04', '01-11']],
    ['@monthly', ['01-01', '02-01']],
    ['@yearly', ['01-01', '01-01']],
  ] as const)('%s', ([cron, expected]) => {
    expect(days(cron, expected.length)).toEqual(expected)
  })
})

describe('the days that L, W and # name', () => {
  test.for([
    ['the last day', '0 0 L * *', ['01-31', '02-28', '03-31', '04-30']],
    ['the last day and another', '0 0 15,L * *', ['01-15', '01-31', '02-15', '02-28']],
    ['the last weekday', '0 0 LW * *', ['01-30', '02-27', '03-31', '04-30', '05-29']],
    [
      'a Saturday and a Sunday move to the nearest weekday',
      '0 0 15W 2-8 *',
      ['02-16', '03-16', '04-15', '05-15', '06-15'],
    ],
    ['the 1st moves on, not into the month before', '0 0 1W 2,8 *', ['02-02', '08-03']],
    ['the last moves back, not into the month after', '0 0 31W 1,5 *', ['01-30', '05-29']],
    ['the weekday nearest to a day that a month lacks is none', '0 0 30W 1-3 *', ['01-30', '03-30']],
    ['the last Friday', '0 0 * * 5L', ['01-30', '02-27', '03-27']],
    ['the last Sunday, by name', '0 0 * * SUNl', ['01-25', '02-22']],
    ['the second Friday', '0 0 * * FRI#2', ['01-09', '02-13', '03-13']],
    ['the fifth Friday, of the months that have one', '0 0 * * 5#5', ['01-30', '05-29', '07-31', '10-30']],
    ['two of them', '0 0 * * 1#1,5L', ['01-05', '01-30', '02-02', '02-27']],
    ['the first of each day from Monday to Wednesday', '0 0 * * MON-WED#1', ['01-05', '01-06', '01-07', '02-02']],
    ['a Monday in any case, beside a numbered one', '0 0 * * MON#2,MON', ['01-05', '01-12', '01-19', '01-26']],
  ] as const)('%s', ([, cron, expected]) => {
    expect(days(cron, expected.length)).toEqual(expected)
  })

  test('29 February comes each leap year, and not in 2100', () => {
    expect(next('0 0 29 2 *', '2090-01-01T00:00:00', 4).map((it) => it.slice(0, 4))).toEqual([
      '2092',
      '2096',
      '2104',
      '2108',
    ])
  })

  test('a fifth Monday in February is 28 years from the next, 40 over the turn of a century', () => {
    const found = next('0 0 * 2 1#5', '2026-01-01T00:00:00', 4)
    expect(found.map((it) => it.slice(0, 10))).toEqual(['2044-02-29', '2072-02-29', '2112-02-29', '2140-02-29'])
    expect(show(compileCron('0 0 * 2 1#5').walls.atOrBefore(wall('2112-02-28T00:00:00')))).toBe('2072-02-29T00:00:00')
  })
})

describe('day of month and day of week together', () => {
  test.for([
    ['both restricted: either is enough', '0 0 13 * 5', ['01-02', '01-09', '01-13', '01-16']],
    ['a list that ends in * is restricted', '0 0 13,* * 5', ['01-01', '01-02', '01-03']],
    ['a special day is a restriction', '0 0 L * 5#1', ['01-02', '01-31', '02-06', '02-28']],
    ['a step of * in the day of month: both', '0 0 */2 * 1', ['01-05', '01-19', '02-09', '02-23']],
    ['a step of * in the day of week: both', '0 0 1-7 * */3', ['01-03', '01-04', '01-07', '02-01']],
    ['both begin with *: both', '0 0 */15 * */6', ['01-31', '02-01', '03-01', '05-16']],
    ['a ? is a *', '0 0 ? * 5', ['01-02', '01-09']],
  ] as const)('%s', ([, cron, expected]) => {
    expect(days(cron, expected.length)).toEqual(expected)
  })
})

test.for([
  ['* 8 * * *', true],
  ['0 * * * *', true],
  ['*/15 8 * * *', true],
  ['0 */2 * * *', true],
  ['*,5 8 * * *', true],
  ['@hourly', true],
  ['30 * * * * *', true],
  ['0 8 * * *', false],
  ['0-59 8 * * *', false],
  ['0 0-23 * * *', false],
  ['* 0 8 * * *', false],
  ['@daily', false],
] as const)('%s comes as the time goes: %s', ([cron, expected]) => {
  expect(compileCron(cron).asTheyCome).toBe(expected)
})

describe('the ends of time', () => {
  const { walls } = compileCron('* * * * * *')
  const first = -86_400_000
  const last = Date.UTC(9999, 11, 31, 23, 59, 59)

  test('nothing comes after the year 9999', () => {
    expect(walls.after(last - 1)).toBe(last)
    for (const at of [last, last + 999, last + 1000, 9e15, Number.POSITIVE_INFINITY]) expect(walls.after(at)).toBeNull()
    for (const at of [last, last + 999, 9e15, Number.POSITIVE_INFINITY]) expect(walls.atOrBefore(at)).toBe(last)
    expect(compileCron('0 0 * 2 5#5').walls.after(Date.UTC(9990, 0))).toBeNull()
  })

  test('nothing comes before 31 December 1969', () => {
    expect(walls.atOrBefore(first)).toBe(first)
    for (const at of [first - 1, -9e15, Number.NEGATIVE_INFINITY]) {
      expect(walls.atOrBefore(at)).toBeNull()
      expect(walls.after(at)).toBe(first)
    }
    const leap = compileCron('0 0 29 2 *').walls
    expect(leap.atOrBefore(Date.UTC(1972, 1, 28))).toBeNull()
    expect(show(leap.after(-9e15))).toBe('1972-02-29T00:00:00')
    expect(show(compileCron('0 8 31 12 *').walls.after(-9e15))).toBe('1969-12-31T08:00:00')
  })

  test('the whole of it is counted', () => {
    const all = (last - first) / 1000 + 1
    expect(walls.countIn(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(all)
    expect(walls.countIn(first - 1, last)).toBe(all)
    expect(walls.countIn(first, last)).toBe(all - 1)
    expect(walls.countIn(last, first)).toBe(0)
  })
})

test('milliseconds of a wall time do not move it to another second', () => {
  const { walls } = compileCron('* * * * * *')
  expect([walls.after(10_000), walls.after(10_001), walls.after(9_999)]).toEqual([11_000, 11_000, 10_000])
  expect([walls.atOrBefore(10_000), walls.atOrBefore(10_999), walls.atOrBefore(9_999)]).toEqual([10_000, 10_000, 9_000])
  expect([walls.countIn(9_999, 10_000), walls.countIn(10_000, 10_999), walls.countIn(9_999, 11_000)]).toEqual([1, 0, 2])
})

test('what is kept is the same cron, and a refused one is a RangeError each time', () => {
  expect(compileCron('1 2 3 4 *')).toBe(compileCron('1 2 3 4 *'))
  for (const _ of [1, 2])
    expect(() => compileCron('61 * * * *')).toThrow(new RangeError('bad cron: must have a minute from 0 to 59, not 61'))
  const before = compileCron('1 2 3 4 *')
  for (let n = 0; n < 5_000; n += 1)
    compileCron(`${n % 60} ${Math.floor(n / 60) % 24} ${(n % 28) + 1} ${' '.repeat(n % 97)}* *`)
  expect(compileCron('1 2 3 4 *')).not.toBe(before)
})

describe('the cost does not grow with the number of occurrences', () => {
  const took = (run: () => unknown): number => {
    const start = performance.now()
    run()
    return performance.now() - start
  }

  test('every second of a hundred years is counted at once', () => {
    const { walls } = compileCron('* * * * * *')
    const span = [Date.UTC(2026, 0), Date.UTC(2126, 0)] as const
    expect(walls.countIn(...span)).toBe((span[1] - span[0]) / 1000)
    expect(took(() => walls.countIn(...span))).toBeLessThan(100)
  })

  test.for(['0 0 29 2 *', '0 0 * 2 1#5', '0 0 29 2 */7', '0 0 */31 2-12/10 1#1'])(
    '%s is found at once both ways',
    (cron) => {
      expect(checkCron(cron)).toBeNull()
      const { walls } = compileCron(cron)
      expect(took(() => walls.after(Date.UTC(2073, 0)))).toBeLessThan(50)
      expect(took(() => walls.atOrBefore(Date.UTC(2112, 0)))).toBeLessThan(50)
    },
  )
})
