import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextOccurrence, occurrences, plan } from './planner.ts'
import { type Every, type IntervalSchedule, misfirePolicies, type Policies } from './schedule.ts'
import { timeline } from './timeline.ts'
import { formatInZone } from './timezone.ts'

const DAY = 86_400_000
const zones = [
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Nuuk',
  'Pacific/Chatham',
  'Asia/Kathmandu',
  'Asia/Gaza',
  'Europe/Rome',
  'UTC',
  'UTC+07:00',
]
const NUM_RUNS = 4000
const seeded = { numRuns: NUM_RUNS, seed: 20_261_101 }

const averageMs = (every: Every): number =>
  (((every.years ?? 0) * 12 + (every.months ?? 0)) * 30.44 + (every.weeks ?? 0) * 7 + (every.days ?? 0)) * DAY +
  (((every.hours ?? 0) * 60 + (every.minutes ?? 0)) * 60 + (every.seconds ?? 0)) * 1000

const everyArb: fc.Arbitrary<Every> = fc.oneof(
  fc.constantFrom<Every[]>(
    { days: 1 },
    { weeks: 1 },
    { months: 1 },
    { years: 1 },
    { hours: 1 },
    { minutes: 30 },
    { seconds: 1 },
  ),
  fc
    .record(
      {
        years: fc.nat(1),
        months: fc.nat(5),
        weeks: fc.nat(3),
        days: fc.nat(40),
        hours: fc.nat(50),
        minutes: fc.nat(100),
        seconds: fc.nat(100),
      },
      { requiredKeys: [] },
    )
    .filter((every) => averageMs(every) > 0),
)

// Not fc.double, which likes numbers next to zero and would leave nothing due.
const share = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min: min * 10_000, max: max * 10_000 })).map((it) => it / 10_000)

interface Case {
  schedule: IntervalSchedule
  policies: Policies
  /** An instant from before the anchor to 60 intervals after it. */
  from: number
  /** 60 intervals long, up to the end of the case. */
  span: number
}

// A move across the date line, a gap, a fold, and a change that lasts a week: anchors lie some days before.
const changes = [
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Asia/Gaza', '2040-10-20T00:00Z'],
] as const

const arb: fc.Arbitrary<Case> = fc
  .record({
    place: fc.oneof(
      fc.tuple(fc.constantFrom(...zones), fc.integer({ min: 0, max: Date.UTC(2040, 0) })),
      fc
        .tuple(fc.constantFrom(...changes), fc.noBias(fc.integer({ min: -200, max: 10 })))
        .map(([[zone, moment], steps]) => [zone, Date.parse(moment) + steps * 2_700_000] as const),
    ),
    every: everyArb,
    anchorGiven: fc.boolean(),
    end: fc.option(share(-0.1, 1), { freq: 3 }),
    start: share(-0.1, 0.9),
    jitterSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200_000 })),
    policy: fc.constantFrom(...misfirePolicies),
    graceSeconds: fc.oneof(fc.constantFrom(1, 900), fc.integer({ min: 1, max: 30 * 86_400 })),
    max: fc.integer({ min: 1, max: 5 }),
    seed: fc.uuid(),
  })
  .map(({ place: [zone, anchor], every, anchorGiven, end, start, jitterSeconds, policy, graceSeconds, max, seed }) => {
    const span = Math.ceil(60 * averageMs(every))
    return {
      schedule: {
        type: 'interval',
        every,
        anchor: formatInZone(anchor, zone),
        anchorGiven,
        ...(end !== null && { end: formatInZone(Math.max(0, Math.floor(anchor + end * span)), zone) }),
      },
      policies: { zone, seed, jitterSeconds, misfire: { policy, graceSeconds, max } },
      from: Math.floor(anchor + start * span),
      span,
    }
  })

/** Nominal instants after `from` and up to `to`, one by one. */
function walk({ schedule, policies }: Case, from: number, to: number): number[] {
  const line = timeline(schedule, policies)
  const found: number[] = []
  for (let next = line.after(from); next !== null && next <= to; next = line.after(next)) found.push(next)
  return found
}

describe(`for ${NUM_RUNS} random intervals, zones and policies each`, { timeout: 60_000 }, () => {
  test('occurrences are strictly after, strictly rising, within bounds, and do not depend on where one starts', () => {
    fc.assert(
      fc.property(arb, ({ schedule, policies, from }) => {
        const found = occurrences(schedule, policies, from, 12)
        const line = timeline(schedule, policies)
        let before = from
        for (const [i, { nominal, effective }] of found.entries()) {
          expect(nominal).toBeGreaterThan(before)
          expect(effective).toBeGreaterThanOrEqual(nominal)
          expect(effective - nominal).toBeLessThanOrEqual(policies.jitterSeconds * 1000)
          if (found[i + 1]) expect(effective).toBeLessThan(found[i + 1]?.nominal ?? 0)
          if (schedule.end !== undefined) expect(nominal).toBeLessThanOrEqual(Date.parse(schedule.end))
          expect(nextOccurrence(schedule, policies, Math.floor((before + nominal - 1) / 2))?.nominal).toBe(nominal)
          expect(line.atOrBefore(nominal)).toBe(nominal)
          if (i > 0) expect(line.atOrBefore(nominal - 1)).toBe(before)
          before = nominal
        }
      }),
      seeded,
    )
  })

  test('every occurrence is aligned with the anchor: none is missing, and none is between', () => {
    fc.assert(
      fc.property(arb, (it) => {
        const { every, anchor, anchorGiven } = it.schedule
        const exact = averageMs({ ...every, years: 0, months: 0, weeks: 0, days: 0 })
        if (exact !== averageMs(every)) return
        for (const nominal of walk(it, it.from, it.from + it.span / 10)) {
          expect((nominal - Date.parse(anchor)) % exact).toBe(0)
          expect(nominal).toBeGreaterThanOrEqual(Date.parse(anchor) + (anchorGiven ? 0 : exact))
        }
      }),
      seeded,
    )
  })

  test('counting is the same as walking', () => {
    fc.assert(
      fc.property(arb, share(0, 1), (it, part) => {
        const to = Math.floor(it.from + part * it.span)
        expect(timeline(it.schedule, it.policies).countIn(it.from, to)).toBe(walk(it, it.from, to).length)
      }),
      seeded,
    )
  })

  test('one jump and many small passes account for the same occurrences, each exactly once', () => {
    let accounted = 0
    const steps = fc.array(share(0, 0.1), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(arb, steps, (it, parts) => {
        let now = it.from
        let cursor = it.from
        const small: number[] = []
        for (const part of parts) {
          now = Math.floor(now + part * it.span)
          const pass = account(it, cursor, now)
          small.push(...pass.nominals)
          cursor = pass.cursor
        }
        const jump = account(it, it.from, now)
        expect(jump.nominals).toEqual(walk(it, it.from, jump.cursor))
        expect(small).toEqual(jump.nominals)
        expect(cursor).toBe(jump.cursor)
        accounted += small.length
      }),
      seeded,
    )
    console.log(`one jump against small passes: ${NUM_RUNS} cases, ${accounted} occurrences accounted for`)
    expect(accounted).toBeGreaterThan(NUM_RUNS * 8)
  })

  test('what is sent and what is not follows from its lateness and the policy', () => {
    fc.assert(
      fc.property(arb, share(0, 0.5), (it, part) => {
        const now = Math.floor(it.from + part * it.span)
        const { policy, graceSeconds, max } = it.policies.misfire
        const { send, unsent } = plan(it.schedule, it.policies, it.from, now)
        const line = timeline(it.schedule, it.policies)
        const due = walk(it, it.from, now)
          .map(line.at)
          .filter(({ effective }) => effective <= now)
        const late = policy === 'skip' ? Math.min(1, graceSeconds) : graceSeconds
        const fresh = due.filter(({ effective }) => now - effective <= late * 1000)
        expect(send).toEqual(policy === 'last' ? fresh.slice(-1) : policy === 'all' ? fresh.slice(-max) : fresh)
        const count = (reason: string) => unsent.find((it) => it.reason === reason)?.count ?? 0
        expect(count('missed_grace')).toBe(due.length - fresh.length)
        expect(count('coalesced')).toBe(fresh.length - send.length)
      }),
      seeded,
    )
  })
})

/** The nominal instants that one pass accounts for, runs spelled out. */
function account(it: Case, cursor: number, now: number): { nominals: number[]; cursor: number } {
  const { send, unsent, next, cursor: reached } = plan(it.schedule, it.policies, cursor, now)
  const nominals: number[] = []
  for (const { first, last, count } of unsent) {
    const run = walk(it, first - 1, last)
    expect([run.length, run[0], run.at(-1)]).toEqual([count, first, last])
    nominals.push(...run)
  }
  nominals.push(...send.map(({ nominal }) => nominal))
  for (const { effective } of send) expect(effective).toBeLessThanOrEqual(now)
  if (next) expect(next.effective).toBeGreaterThan(now)
  expect(reached).toBe(nominals.at(-1) ?? cursor)
  expect(next?.nominal ?? null).toBe(nextOccurrence(it.schedule, it.policies, reached)?.nominal ?? null)
  return { nominals, cursor: reached }
}
