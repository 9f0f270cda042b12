import fc from 'fast-check'
import { disjoint } from '../src/recurrence.ts'
import {
  type Every,
  foldPolicies,
  gapPolicies,
  type JobState,
  misfirePolicies,
  overlapPolicies,
  type Policies,
  type Schedule,
} from '../src/schedule.ts'
import { formatInZone } from '../src/timezone.ts'

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

// A move across the date line, gaps, folds, and a change that lasts a week: anchors lie some days before.
const changes = [
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Asia/Gaza', '2040-10-20T00:00Z'],
] as const

export interface Case {
  schedule: Schedule
  policies: Policies
  /** An instant from before the anchor to 60 mean intervals after it. */
  from: number
  /** About 60 occurrences long, up to the end of the case. */
  span: number
}

/** The mean distance of an interval's occurrences, in milliseconds. */
export const averageMs = (every: Every): number =>
  (((every.years ?? 0) * 12 + (every.months ?? 0)) * 30.44 + (every.weeks ?? 0) * 7 + (every.days ?? 0)) * DAY +
  (((every.hours ?? 0) * 60 + (every.minutes ?? 0)) * 60 + (every.seconds ?? 0)) * 1000

/** A fraction. Not fc.double, which likes numbers next to zero and would leave nothing due. */
export const share = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min: min * 10_000, max: max * 10_000 })).map((it) => it / 10_000)

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

/** An interval, a cron or a rule of RFC 5545 without its anchor and bounds, and the mean distance of its occurrences. */
const ruleArb = fc.oneof(
  { weight: 3, arbitrary: everyArb.map((every) => ({ type: 'interval' as const, every, average: averageMs(every) })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<[string, number][]>(
        ['30 2 * * *', DAY],
        ['0,20,40 1-3 * * *', DAY / 9],
        ['15 0,2,3 * * *', DAY / 3],
        ['*/20 * * * *', DAY / 72],
        ['30 */2 * * *', DAY / 12],
        ['0-59/7 0,1,2,3 * * SUN', (7 * DAY) / 36],
        ['30 2 L * *', 30 * DAY],
        ['30 2 * 3,10,11 SUN#1,SUN#2', 60 * DAY],
        ['*/10 30 1,2 * * *', DAY / 12],
      )
      .map(([cron, average]) => ({ type: 'cron' as const, cron, average })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<[string, number][]>(
        ['RRULE:FREQ=DAILY', DAY],
        ['RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=10,40', DAY / 6],
        ['RRULE:FREQ=WEEKLY;BYDAY=SU,MO;BYHOUR=2;BYMINUTE=30', 3.5 * DAY],
        ['RRULE:FREQ=DAILY;BYHOUR=2;BYMINUTE=30;COUNT=20', DAY],
        ['RRULE:FREQ=HOURLY;INTERVAL=5', DAY / 4.8],
        ['RRULE:FREQ=MINUTELY;BYMINUTE=5,35;BYHOUR=1,2,3', DAY / 6],
        ['RRULE:FREQ=DAILY;BYHOUR=2,3\nRDATE:20260308T023000,20111231T100000Z\nEXDATE:20260308T030000', DAY / 2],
      )
      .map(([rrule, average]) => ({ type: 'rrule' as const, rrule, average })),
  },
)

interface Space {
  /** Intervals alone, each occurrence by itself: what is due depends on the schedule and on misfires. */
  plain?: boolean
}

/** Random jobs, many of them near a change of clock. */
export function caseArb({ plain = false }: Space = {}): fc.Arbitrary<Case> {
  return fc
    .record({
      place: fc.oneof(fc.tuple(fc.constantFrom(...zones), fc.integer({ min: 0, max: Date.UTC(2040, 0) })), {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...changes), fc.noBias(fc.integer({ min: -200, max: 10 })))
          .map(([[zone, moment], steps]) => [zone, Date.parse(moment) + steps * 2_700_000] as const),
      }),
      rule: plain ? ruleArb.filter((it) => it.type === 'interval') : ruleArb,
      anchorGiven: fc.boolean(),
      begin: fc.option(share(-0.1, 0.3), { freq: 3 }),
      end: fc.option(share(-0.1, 1), { freq: 3 }),
      // Often just before the anchor, and with it before the change of clock.
      start: fc.oneof(share(-0.1, 0.9), share(-0.02, 0.04)),
      jitterSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200_000 })),
      misfire: fc.record({
        policy: fc.constantFrom(...misfirePolicies),
        graceSeconds: fc.oneof(fc.constantFrom(1, 900), fc.integer({ min: 1, max: 30 * 86_400 })),
        max: fc.integer({ min: 1, max: 5 }),
      }),
      overlap: plain ? fc.constant('allow' as const) : fc.constantFrom(...overlapPolicies),
      dst: fc.record({ gap: fc.constantFrom(...gapPolicies, 'skip' as const), fold: fc.constantFrom(...foldPolicies) }),
      maxRuns: plain ? fc.constant(null) : fc.option(fc.integer({ min: 1, max: 6 }), { freq: 2 }),
      blackouts: plain
        ? fc.constant<[number, number][]>([])
        : fc.array(fc.tuple(share(-0.1, 1), share(0, 0.1)), { maxLength: 4 }),
      seed: fc.uuid(),
    })
    .map(({ place: [zone, at], rule, anchorGiven, begin, end, start, blackouts, ...policies }) => {
      const { average, ...named } = rule
      const span = Math.ceil(60 * average)
      const instant = (part: number) => Math.max(0, Math.floor(at + part * span))
      const text = (part: number) => formatInZone(instant(part), zone)
      const anchor = named.type === 'rrule' ? Math.floor(at / 1000) * 1000 : at
      const schedule = {
        ...named,
        ...(named.type !== 'cron' && { anchor: formatInZone(anchor, zone), anchorGiven }),
        ...(named.type !== 'interval' && begin !== null && { start: text(begin) }),
        ...(end !== null && { end: text(end) }),
      } as Schedule
      const dark = disjoint(blackouts.map(([from, size]) => ({ from: instant(from), to: instant(from + size) })))
      return { schedule, policies: { zone, ...policies, blackouts: dark }, from: Math.floor(at + start * span), span }
    })
}

/** Executions of a job that are not finished. */
export const stateArb: fc.Arbitrary<Omit<JobState, 'runs'>> = fc.record({ live: fc.nat(2), behind: fc.nat(3) })
