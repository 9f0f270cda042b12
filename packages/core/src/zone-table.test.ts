import fc from 'fast-check'
import { IANAZone } from 'luxon'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import { offsetAt, toInstant } from './timezone.ts'
import { zoneTable } from './zone-table.ts'

const zones = Intl.supportedValuesOf('timeZone')
const YEARS_PER_ZONE = 6
const [FROM, TO] = [Date.UTC(1970, 0, 1), Date.UTC(2101, 0, 1)]

test('the table has the offset that the time zone database has, around the clock of every zone, 1970 to 2100', {
  timeout: 60_000,
}, () => {
  let compared = 0
  let transitions = 0
  for (const zone of zones) {
    const slow = IANAZone.create(zone)
    const agree = (instant: number) => {
      compared += 1
      const expected = Math.round(slow.offset(instant) * 60_000)
      if (offsetAt(zone, instant) !== expected)
        expect([zone, instant, offsetAt(zone, instant)]).toEqual([zone, instant, expected])
    }
    const starts = fc.sample(fc.integer({ min: FROM, max: TO - 366 * 86_400_000 }), {
      numRuns: YEARS_PER_ZONE,
      seed: 7,
    })
    for (const start of starts) {
      for (const span of zoneTable(zone).spansBetween(start, start + 365 * 86_400_000)) {
        // On both sides of every transition, and in between.
        for (const instant of [span.from, span.to - 1, (span.from + span.to) / 2]) agree(Math.floor(instant))
        transitions += 1
      }
      for (let step = 0; step < 5; step += 1) agree(start + step * 6_400_000_000)
    }
  }
  expect(transitions).toBeGreaterThan(1000)
  console.log(`offsets: ${zones.length} zones, ${transitions} spans, ${compared} instants compared`)
})

test('the shortest changes of any zone are not passed over', () => {
  // 6.96 days each: Noronha's only summer of 2000, and Gaza's Ramadan of 2040.
  const hours = (zone: string, ...times: string[]) => times.map((it) => offsetAt(zone, Date.parse(it)) / 3_600_000)
  expect(hours('America/Noronha', '2000-10-07T12:00Z', '2000-10-10T12:00Z', '2000-10-16T12:00Z')).toEqual([-2, -1, -2])
  expect(hours('Asia/Gaza', '2040-10-19T12:00Z', '2040-10-23T12:00Z', '2040-10-28T12:00Z')).toEqual([2, 3, 2])
})

test('wall times resolve as Temporal resolves them, in every zone', { timeout: 60_000 }, () => {
  const count = { plain: 0, gap: 0, fold: 0 }
  const agree = (zone: string, wall: number) => {
    const resolved = toInstant(zone, wall)
    count[resolved.kind] += 1
    const text = new Date(wall).toISOString().slice(0, -1)
    const expected = Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds
    if (resolved.instant !== expected) expect([zone, text, resolved.instant]).toEqual([zone, text, expected])
  }
  for (const zone of zones) {
    for (const start of fc.sample(fc.integer({ min: FROM, max: TO }), { numRuns: 4, seed: 11 })) {
      agree(zone, start)
      for (const { to, offset } of zoneTable(zone).spansBetween(start, start + 300 * 86_400_000)) {
        for (const aside of [-1, 0, 900_000, 1_800_000, 3_599_999, 3_600_000]) agree(zone, to + offset + aside)
        agree(zone, to + offset - 1_800_000)
      }
    }
  }
  console.log(`wall times against Temporal: ${JSON.stringify(count)}`)
  expect(Math.min(count.gap, count.fold)).toBeGreaterThan(1000)
})

test('a table keeps a bounded number of chunks and stays right', () => {
  const slow = IANAZone.create('Europe/Rome')
  for (let year = 1; year < 9999; year += 13) {
    const instant = new Date(0).setUTCFullYear(year, 6, 1)
    expect(offsetAt('Europe/Rome', instant)).toBe(Math.round(slow.offset(instant) * 60_000))
  }
})
