import { describe, expect, test } from 'vitest'
import { occurrences } from './planner.ts'
import { latestEffective, preview, upcoming } from './preview.ts'
import { disjoint } from './recurrence.ts'
import { type CronSchedule, defaultDst, type IntervalSchedule, type Policies } from './schedule.ts'
import { formatInZone } from './timezone.ts'

const policies = (fields: Partial<Policies> = {}): Policies => ({
  zone: 'America/New_York',
  seed: '0199a1b2-0000-7000-8000-000000000001',
  jitterSeconds: 0,
  misfire: { policy: 'last', graceSeconds: 900, max: 1_000 },
  overlap: 'skip',
  dst: defaultDst,
  maxRuns: null,
  blackouts: [],
  ...fields,
})
const cron = (text: string, bounds: Partial<CronSchedule> = {}): CronSchedule => ({
  type: 'cron',
  cron: text,
  ...bounds,
})
const everySecond: IntervalSchedule = {
  type: 'interval',
  every: { seconds: 1 },
  anchor: '2026-01-01T00:00:00.000+00:00',
  anchorGiven: true,
}
const at = (text: string) => Date.parse(text)
const shown = (found: ReturnType<typeof preview>, zone = 'America/New_York') =>
  found.occurrences.map(({ nominal, dst, skipped }) => [formatInZone(nominal, zone).slice(5), dst, skipped])

const beforeSpring = at('2026-03-07T12:00:00Z')
const beforeAutumn = at('2026-10-31T12:00:00Z')

describe('where the clocks change', () => {
  test('a gap that moves a run says so', () => {
    expect(shown(preview(cron('30 2 * * *'), policies(), beforeSpring, { limit: 2 }))).toEqual([
      ['03-08T03:30:00-04:00', 'gap_shifted', null],
      ['03-09T02:30:00-04:00', null, null],
    ])
  })

  test('a gap that leaves a run out lists it in its place, once for each wall time', () => {
    const found = preview(cron('15,45 1,2 * * *'), policies({ dst: { gap: 'skip', fold: 'first' } }), beforeSpring, {
      limit: 5,
    })
    expect(shown(found)).toEqual([
      ['03-08T01:15:00-05:00', null, null],
      ['03-08T01:45:00-05:00', null, null],
      ['03-08T03:15:00-04:00', 'gap_skipped', 'dst_gap'],
      ['03-08T03:45:00-04:00', 'gap_skipped', 'dst_gap'],
      ['03-09T01:15:00-04:00', null, null],
    ])
  })

  test.for([
    ['first', [['11-01T01:30:00-04:00', 'fold_first', null]]],
    ['second', [['11-01T01:30:00-05:00', 'fold_second', null]]],
    [
      'both',
      [
        ['11-01T01:30:00-04:00', 'fold_first', null],
        ['11-01T01:30:00-05:00', 'fold_second', null],
      ],
    ],
  ] as const)('a fold that counts %s is marked', ([fold, expected]) => {
    const dst = { gap: 'shift', fold } as const
    const until = at('2026-11-02T00:00:00Z')
    expect(shown(preview(cron('30 1 * * *'), policies({ dst }), beforeAutumn, { limit: 9, until }))).toEqual(expected)
  })

  test('a run that the rule names only inside a gap is found when nothing else is left', () => {
    const only = cron('30 2 8 3 *', { end: '2026-12-31T00:00:00.000-05:00' })
    const found = preview(only, policies({ dst: { gap: 'skip', fold: 'first' } }), beforeSpring, { limit: 3 })
    expect(found).toMatchObject({ occurrences: [{ skipped: 'dst_gap' }], exhausted: true })
  })

  test('a start thousands of years away is found without reading every year of the zone', () => {
    const far = { ...everySecond, every: { days: 1 }, anchor: '9000-01-01T02:30:00.000-05:00' }
    const begun = performance.now()
    const found = preview(far, policies({ dst: { gap: 'skip', fold: 'first' } }), beforeSpring, { limit: 1 })
    expect(found.occurrences).toHaveLength(1)
    expect(performance.now() - begun).toBeLessThan(600)
  })
})

describe('blackouts', () => {
  test('what a blackout leaves out is listed with the reason', () => {
    const blackouts = disjoint([{ from: at('2026-06-02T00:00:00Z'), to: at('2026-06-03T00:00:00Z') }])
    const found = preview(cron('0 12 * * *'), policies({ zone: 'UTC', blackouts }), at('2026-06-01T00:00:00Z'), {
      limit: 3,
    })
    expect(found.occurrences.map((it) => it.skipped)).toEqual([null, 'blackout', null])
  })

  test('a year of blackout over an every-second job costs no more than what is listed', () => {
    const blackouts = [{ from: at('2026-06-01T00:00:00Z'), to: at('2027-06-01T00:00:00Z') }]
    const begun = performance.now()
    const options = { limit: 1_000, runs: 3 }
    const found = preview(everySecond, policies({ blackouts, maxRuns: 4 }), at('2026-06-01T00:00:00Z'), options)
    expect(found.occurrences).toHaveLength(1_000)
    expect(found.exhausted).toBe(false)
    expect(upcoming(everySecond, policies({ blackouts }), at('2026-06-01T00:00:00Z'), { limit: 1 })).toMatchObject([
      { nominal: at('2027-06-01T00:00:00Z') },
    ])
    expect(performance.now() - begun).toBeLessThan(300)
  })
})

describe('the end', () => {
  const daily = cron('0 12 * * *', { end: '2026-06-03T12:00:00.000+00:00' })
  const utc = policies({ zone: 'UTC' })
  const start = at('2026-06-01T00:00:00Z')

  test('is told from a limit that was reached, also when both come at once', () => {
    expect(preview(daily, utc, start, { limit: 2 })).toMatchObject({ exhausted: false })
    const whole = preview(daily, utc, start, { limit: 3 })
    expect([whole.occurrences.length, whole.exhausted]).toEqual([3, true])
  })

  test('until is inclusive, and no end of the schedule', () => {
    const found = preview(daily, utc, start, { limit: 9, until: at('2026-06-02T12:00:00Z') })
    expect([found.occurrences.length, found.exhausted]).toEqual([2, false])
    expect(preview(daily, utc, start, { limit: 9, until: at('2026-06-02T11:59:59.999Z') }).occurrences).toHaveLength(1)
  })

  test('occurrences are strictly after the instant', () => {
    const [first] = preview(daily, utc, at('2026-06-01T12:00:00Z'), { limit: 1 }).occurrences
    expect(first?.nominal).toBe(at('2026-06-02T12:00:00Z'))
  })

  test('max_runs counts what is sent, with what was sent before, and nothing comes after the last', () => {
    const blackouts = [{ from: at('2026-06-02T00:00:00Z'), to: at('2026-06-03T00:00:00Z') }]
    const limited = policies({ zone: 'UTC', maxRuns: 3, blackouts })
    const open = cron('0 12 * * *')
    const found = preview(open, limited, start, { limit: 99, runs: 1 })
    expect(found.occurrences.map((it) => it.skipped)).toEqual([null, 'blackout', null])
    expect(found.exhausted).toBe(true)
    expect(preview(open, limited, start, { limit: 99, runs: 3 })).toEqual({ occurrences: [], exhausted: true })
    expect(upcoming(open, limited, start, { limit: 99, runs: 1 })).toHaveLength(2)
  })
})

describe('jitter', () => {
  test('an effective time is the one that the dispatcher plans, and never past the latest', () => {
    const jittered = policies({ zone: 'UTC', jitterSeconds: 86_400 })
    const hourly = cron('0 * * * *')
    const found = preview(hourly, jittered, at('2026-06-01T00:00:00Z'), { limit: 200 }).occurrences
    expect(found.map(({ nominal, effective }) => ({ nominal, effective }))).toEqual(
      occurrences(hourly, jittered, at('2026-06-01T00:00:00Z'), 200),
    )
    for (const { nominal, effective } of found) {
      const latest = latestEffective(hourly, jittered, nominal)
      expect(latest).toBe(nominal + 3_600_000 - 1)
      expect(effective).toBeLessThanOrEqual(latest)
    }
    expect(latestEffective(hourly, policies({ jitterSeconds: 60 }), 0)).toBe(60_000)
    expect(latestEffective(hourly, policies(), 0)).toBe(0)
  })
})
