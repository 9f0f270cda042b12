import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rruleExact } from './rrule-exact.ts'
import { parseRrule } from './rrule-parse.ts'
import type { RruleParts } from './rrule-parts.ts'
import { offsetAt } from './timezone.ts'

const DAY = 86_400
const units = { HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 }

// Zones, and a second shortly before a change of their clocks.
const changes: [string, string][] = [
  ['UTC', '2026-03-01T00:00:00Z'],
  ['America/New_York', '2026-03-08T04:00:00Z'],
  ['America/New_York', '2026-11-01T03:00:00Z'],
  ['Europe/London', '2026-10-24T23:00:00Z'],
  // By half an hour, by a quarter, by 44:30 minutes, by a day.
  ['Australia/Lord_Howe', '2026-04-04T12:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T12:00:00Z'],
  ['Asia/Kathmandu', '1985-12-31T15:00:00Z'],
  ['Africa/Monrovia', '1972-01-06T22:00:00Z'],
  ['Pacific/Apia', '2011-12-30T07:00:00Z'],
]
const byHours = new Set(['UTC', 'America/New_York', 'Europe/London'])

/** Given so many times in ten. */
const optional = <T>(of: fc.Arbitrary<T>, tenths: number) =>
  fc.oneof({ weight: tenths, arbitrary: of }, { weight: 10 - tenths, arbitrary: fc.constant(undefined) })
const list = (max: number) => optional(fc.uniqueArray(fc.nat(max), { minLength: 1, maxLength: 12 }), 5)
const caseArb = fc.record({
  change: fc.constantFrom(...changes),
  /** Seconds of DTSTART from that change. */
  distance: fc.integer({ min: -DAY, max: 7200 }),
  freq: fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
  interval: fc.oneof(
    fc.constant(1),
    fc.nat(60).map((it) => it + 1),
    fc.integer({ min: 1, max: 5000 }),
  ),
  BYHOUR: list(23),
  BYMINUTE: list(59),
  BYSECOND: list(59),
  BYDAY: optional(fc.uniqueArray(fc.constantFrom('MO', 'TU', 'FR', 'SA', 'SU'), { minLength: 2 }), 2),
  BYSETPOS: optional(fc.constantFrom(1, 2, -1, -2), 3),
})
type Case = typeof caseArb extends fc.Arbitrary<infer C> ? C : never

test('exact rules have the seconds that a walk over all seconds finds, also where clocks change', () => {
  let found = 0
  fc.assert(
    fc.property(caseArb, (it) => {
      const { rule, zone, start } = read(it)
      const expected = walk(rule, zone, start, 2 * DAY)
      found += expected.length
      const all = rruleExact(rule, start * 1000, zone)
      const end = (start + 2 * DAY) * 1000
      expect(all.countIn(0, end)).toBe(expected.length)
      // From one to the next, over the change too.
      for (const [index, at] of expected.slice(0, 300).entries()) expect(all.after(expected[index - 1] ?? 0)).toBe(at)
      const middle = Math.floor(expected.length / 2)
      for (const index of [0, 1, middle, expected.length - 1]) {
        const at = expected[index]
        if (at === undefined) continue
        expect(all.after(at - 1)).toBe(at)
        expect(all.atOrBefore(at)).toBe(at)
        expect(all.atOrBefore(at - 1)).toBe(expected[index - 1] ?? null)
        expect(all.countIn(at, end)).toBe(expected.length - index - 1)
        expect(all.nth(index + 1)).toBe(at)
      }
    }),
    { seed: 33, numRuns: 250, endOnFailure: true },
  )
  expect(found).toBeGreaterThan(50_000)
})

function read(it: Case): { rule: RruleParts; zone: string; start: number } {
  const [zone, change] = it.change
  const start = Date.parse(change) / 1000 + it.distance
  const given: Record<string, unknown> = {
    BYHOUR: it.BYHOUR,
    BYMINUTE: it.BYMINUTE,
    BYSECOND: it.BYSECOND,
    BYDAY: it.BYDAY,
  }
  // The positions of a period that a change divides are those of its candidates, not of what is left of it.
  if (byHours.has(zone) && Object.values(given).some((value) => value !== undefined)) given.BYSETPOS = it.BYSETPOS
  const parts = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`;${name}=${value}`]))
  const { rule } = parseRrule(`RRULE:FREQ=${it.freq};INTERVAL=${it.interval}${parts.join('')}`)
  if (!rule) throw new Error('has no rule')
  return { rule, zone, start }
}

/** Every second looked at by itself; no arithmetic but the remainder. */
function walk(rule: RruleParts, zone: string, start: number, length: number): number[] {
  const unit = units[rule.freq as keyof typeof units]
  const localStart = start + offsetAt(zone, start * 1000) / 1000
  const origin = start - (localStart % unit)
  const expands = (unit === 3600 && rule.byMinute !== null) || (unit >= 60 && rule.bySecond !== null)
  const minutes = rule.byMinute ?? (unit === 3600 && expands ? [Math.floor(localStart / 60) % 60] : null)
  const seconds = rule.bySecond ?? (unit >= 60 && expands ? [localStart % 60] : null)
  const weekdays = rule.byDay?.map(({ weekday }) => (weekday + 1) % 7)
  const periods = new Map<number, number[]>()
  for (let at = origin; at <= start + length + unit; at += 1) {
    if (expands ? Math.floor((at - origin) / unit) % rule.interval !== 0 : (at - start) % (unit * rule.interval) !== 0)
      continue
    const local = at + offsetAt(zone, at * 1000) / 1000
    if (rule.byHour && !rule.byHour.includes(Math.floor(local / 3600) % 24)) continue
    if (minutes && !minutes.includes(Math.floor(local / 60) % 60)) continue
    if (seconds && !seconds.includes(local % 60)) continue
    if (weekdays && !weekdays.includes(new Date(local * 1000).getUTCDay())) continue
    const period = Math.floor((at - origin) / unit)
    periods.set(period, [...(periods.get(period) ?? []), at])
  }
  const picked = [...periods.values()].flatMap((set) => {
    const positions = rule.bySetPos?.map((position) => (position > 0 ? position - 1 : set.length + position))
    return positions ? set.filter((_, index) => positions.includes(index)) : set
  })
  return picked.filter((at) => at >= start && at <= start + length).map((at) => at * 1000)
}
