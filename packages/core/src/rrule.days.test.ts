import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRrule } from './rrule-parse.ts'
import type { RruleParts } from './rrule-parts.ts'
import { rruleWalls } from './rrule-walls.ts'

const DAY = 86_400_000
const START = Date.UTC(2000, 0, 1, 8)
const YEARS = 12

const weekday = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')
const signed = (max: number) => fc.oneof(fc.integer({ min: 1, max }), fc.integer({ min: -max, max: -1 }))
const some = <T>(of: fc.Arbitrary<T>, maxLength: number) => fc.uniqueArray(of, { minLength: 1, maxLength })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.oneof(fc.constant(undefined), of)

const partsArb = fc
  .record({
    WKST: maybe(weekday),
    BYMONTH: maybe(some(fc.integer({ min: 1, max: 12 }), 8)),
    BYWEEKNO: maybe(some(signed(53), 30)),
    BYYEARDAY: maybe(some(signed(366), 150)),
    BYMONTHDAY: maybe(some(signed(31), 20)),
    BYDAY: maybe(
      some(
        fc.oneof(
          weekday,
          fc.tuple(signed(5), weekday).map((it) => it.join('')),
        ),
        6,
      ),
    ),
  })
  // What fills in a single part is tested by examples.
  .filter(
    (it) =>
      (it.BYWEEKNO ? (it.BYDAY ?? it.BYYEARDAY ?? it.BYMONTHDAY) : (it.BYYEARDAY ?? it.BYMONTHDAY ?? it.BYDAY)) !==
      undefined,
  )
  .map((it) => (it.BYWEEKNO && it.BYDAY ? { ...it, BYDAY: [...new Set(it.BYDAY.map((day) => day.slice(-2)))] } : it))

test('the days of a year are those that pass every part, also in combinations that other engines get wrong', () => {
  let found = 0
  fc.assert(
    fc.property(partsArb, (parts) => {
      const text = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [] : [`;${name}=${value}`]))
      const { rule } = parseRrule(`RRULE:FREQ=YEARLY${text.join('')}`)
      if (!rule) throw new Error('has no rule')
      const expected: number[] = []
      for (let wall = START; wall < START + YEARS * 366 * DAY; wall += DAY) if (passes(rule, wall)) expected.push(wall)
      const it = rruleWalls(rule, START)
      const last = START + YEARS * 366 * DAY - DAY
      const walked: number[] = []
      for (let at = it.after(0); at !== null && at <= last; at = it.after(at)) walked.push(at)
      expect(walked).toEqual(expected)
      expect(it.countIn(0, last)).toBe(expected.length)
      found += expected.length
    }),
    { seed: 366, numRuns: 300 },
  )
  expect(found).toBeGreaterThan(20_000)
})

function passes({ byMonth, byWeekNo, byYearDay, byMonthDay, byDay, weekStart }: RruleParts, wall: number): boolean {
  const date = new Date(wall)
  const [month, weekday] = [date.getUTCMonth() + 1, (date.getUTCDay() + 6) % 7]
  const inMonth = { at: date.getUTCDate(), of: new Date(Date.UTC(date.getUTCFullYear(), month, 0)).getUTCDate() }
  const inYear = ofYear(wall)
  if (byMonth && !byMonth.includes(month)) return false
  if (byMonthDay && !has(byMonthDay, inMonth.at, inMonth.of)) return false
  if (byYearDay && !has(byYearDay, inYear.at, inYear.of)) return false
  if (byWeekNo) {
    // A week is of the year that has its fourth day.
    const fourth = ofYear(wall - ((weekday - weekStart + 7) % 7) * DAY + 3 * DAY)
    const before = (fourth.at - 1) % 7
    if (!has(byWeekNo, Math.ceil(fourth.at / 7), Math.ceil((fourth.of - before) / 7))) return false
  }
  const within = byMonth ? inMonth : inYear
  return (
    byDay?.some((day) => {
      if (day.weekday !== weekday) return false
      const nth = day.ordinal < 0 ? -Math.ceil((within.of - within.at + 1) / 7) : Math.ceil(within.at / 7)
      return day.ordinal === 0 || day.ordinal === nth
    }) ?? true
  )
}

function ofYear(wall: number): { at: number; of: number } {
  const year = new Date(wall).getUTCFullYear()
  const [from, to] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)]
  return { at: Math.floor((wall - from) / DAY) + 1, of: (to - from) / DAY }
}

const has = (list: readonly number[], at: number, of: number): boolean =>
  list.includes(at) || list.includes(at - of - 1)
