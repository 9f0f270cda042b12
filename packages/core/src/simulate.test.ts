import { describe, expect, test } from 'vitest'
import { policies as fixture } from '../test/policies.ts'
import { defaultRetry } from './delivery.ts'
import type { Policies, Schedule } from './schedule.ts'
import { type SimulationInput, simulate, simulation } from './simulate.ts'
import type { SimulatedExecution } from './simulated-execution.ts'

const START = Date.UTC(2026, 5, 1)
const MINUTE = 60_000

const policiesOf = (fields: Partial<Policies> = {}): Policies => fixture({ overlap: 'skip', ...fields })

const everyMinute: Schedule = { type: 'cron', cron: '* * * * *' }

const once = { ...defaultRetry, limit: 0 }

/** Every minute for the ten minutes after START; the receiver answers within 100 ms. */
const run = ({
  policies,
  ...fields
}: Omit<Partial<SimulationInput>, 'policies'> & { policies?: Partial<Policies> } = {}) =>
  simulate({
    schedule: everyMinute,
    from: START,
    to: START + 10 * MINUTE,
    receiver: { latencyMs: 100, failures: [] },
    workers: 2,
    // The other tests are about something else.
    retry: once,
    ...fields,
    policies: policiesOf(policies),
  })

const from = (start: number, to: number) => ({ from: START + start * MINUTE, to: START + to * MINUTE })

/** Minute, state, reason and attempts of each row; `2–4` for a run. */
const rows = (timeline: SimulatedExecution[]) =>
  timeline.map(({ scheduledFor, scheduledUntil, state, reason, attempts }) => {
    const minute = (at: number) => (at - START) / MINUTE
    const when =
      scheduledUntil === null ? `${minute(scheduledFor)}` : `${minute(scheduledFor)}–${minute(scheduledUntil)}`
    return [when, state, reason, attempts].filter((it) => it !== null).join(' ')
  })

test('without trouble each occurrence is sent once, on time; what is in flight at the end is left as it is', () => {
  const { timeline, summary, reached, truncated } = run()
  expect(rows(timeline)).toEqual([...Array.from({ length: 9 }, (_, i) => `${i + 1} succeeded 1`), '10 running 1'])
  expect(timeline[0]).toMatchObject({ startedAt: START + MINUTE, finishedAt: START + MINUTE + 100 })
  expect(summary).toEqual({ states: { succeeded: 9, running: 1 }, reasons: {}, sent: 10, latestMs: 0, overlapping: 1 })
  expect([reached, truncated]).toEqual([START + 10 * MINUTE, false])
})

test('the same input gives the same result, in one piece or in parts', () => {
  const input: SimulationInput = {
    ...{ schedule: everyMinute, policies: policiesOf({ overlap: 'queue_all', jitterSeconds: 20 }) },
    ...from(0, 60),
    outages: [from(5, 9)],
    receiver: { latencyMs: 5_000, failures: [{ ...from(20, 30), status: 503 }] },
    workers: 1,
  }
  const inParts = simulation(input)
  let parts = 0
  while (inParts.advance(1)) parts += 1
  expect(parts).toBeGreaterThan(50)
  expect(inParts.result()).toEqual(simulate(input))
})

describe('an outage', () => {
  test('loses what is in flight; it is sent again when the outage ends, and what came due meanwhile is a misfire', () => {
    const { timeline, summary } = run({ receiver: { latencyMs: 9_000, failures: [] }, outages: [from(2.05, 5.5)] })
    // The run of 02 is unfinished still when the missed ones are looked at.
    expect(rows(timeline).slice(0, 5)).toEqual([
      '1 succeeded 1',
      '2 succeeded 2',
      '3–4 skipped coalesced 0',
      '5 skipped overlap_skipped 0',
      '6 succeeded 1',
    ])
    expect(timeline[1]).toMatchObject({ startedAt: START + 2 * MINUTE, finishedAt: START + 5.5 * MINUTE + 9_000 })
    expect(summary).toMatchObject({ states: { skipped: 3 }, reasons: { coalesced: 2, overlap_skipped: 1 } })
  })

  test('is followed by what the misfire policy says, late', () => {
    const all = { policy: 'all', graceSeconds: 150, max: 1_000 } as const
    const { timeline, summary } = run({ policies: { misfire: all, overlap: 'allow' }, outages: [from(1.5, 6.5)] })
    expect(rows(timeline).slice(0, 5)).toEqual([
      '1 succeeded 1',
      '2–3 skipped missed_grace 0',
      '4 succeeded 1',
      '5 succeeded 1',
      '6 succeeded 1',
    ])
    expect(summary).toMatchObject({ latestMs: 2.5 * MINUTE, overlapping: 3 })
  })

  test('that outlasts the window leaves what came due in it for later', () => {
    const { timeline, cursor } = run({ outages: [from(2.5, 20)] })
    expect(rows(timeline)).toEqual(['1 succeeded 1', '2 succeeded 1'])
    expect(cursor).toBe(START + 2 * MINUTE)
  })

  test('lets a one-time job expire past its grace', () => {
    const schedule: Schedule = { type: 'once', at: '2026-06-01T00:03:00+00:00' }
    const misfire = { policy: 'last', graceSeconds: 60, max: 1 } as const
    expect(rows(run({ schedule, policies: { misfire }, outages: [from(1, 5)] }).timeline)).toEqual([
      '3 expired missed_grace 0',
    ])
    expect(rows(run({ schedule, policies: { misfire }, outages: [from(1, 4)] }).timeline)).toEqual(['3 succeeded 1'])
  })
})

describe('with answers that take 150 seconds', () => {
  const slow = { receiver: { latencyMs: 150_000, failures: [] }, timeoutMs: 900_000, to: START + 6 * MINUTE }
  const ofPolicy = (overlap: Policies['overlap']) => rows(run({ ...slow, policies: { overlap } }).timeline)

  test('skip leaves out what comes due meanwhile', () => {
    expect(ofPolicy('skip')).toEqual([
      '1 succeeded 1',
      '2 skipped overlap_skipped 0',
      '3 skipped overlap_skipped 0',
      '4 running 1',
      '5 skipped overlap_skipped 0',
      '6 skipped overlap_skipped 0',
    ])
  })

  test('queue_one lets one wait for its turn', () => {
    expect(ofPolicy('queue_one')).toEqual([
      '1 succeeded 1',
      '2 succeeded 1',
      '3 skipped overlap_skipped 0',
      '4 running 1',
      '5 skipped overlap_skipped 0',
      '6 waiting overlap_queued 0',
    ])
  })

  test('queue_all lets each wait, and one begins the moment the one before it has ended', () => {
    expect(ofPolicy('queue_all')).toEqual([
      '1 succeeded 1',
      '2 succeeded 1',
      '3 running 1',
      ...['4', '5', '6'].map((minute) => `${minute} waiting overlap_queued 0`),
    ])
    const { timeline } = run({ ...slow, policies: { overlap: 'queue_all' } })
    expect(timeline[1]?.startedAt).toBe(timeline[0]?.finishedAt)
  })

  test('cancel_running ends the one in flight for the newer one', () => {
    expect(ofPolicy('cancel_running')).toEqual([
      ...['1', '2', '3', '4', '5'].map((minute) => `${minute} cancelled superseded 1`),
      '6 running 1',
    ])
  })

  test('allow sends all, as far as there are places', () => {
    const { timeline, summary } = run({ ...slow, policies: { overlap: 'allow' } })
    expect(summary).toMatchObject({ sent: 6, overlapping: 3, latestMs: 0 })
    expect(timeline.at(-1)?.state).toBe('running')
    const tight = run({ ...slow, policies: { overlap: 'allow' }, workers: 1, concurrency: 2 })
    expect(tight.summary).toMatchObject({ overlapping: 2, latestMs: MINUTE })
  })
})

describe('a receiver that fails', () => {
  const failing = (status: number) => ({ latencyMs: 100, failures: [{ ...from(0, 7.2), status }] })

  test('fails each execution with its reason, and opens the circuit with the fifth; what comes then waits parked', () => {
    const { timeline, summary } = run({
      receiver: failing(503),
      to: START + 9 * MINUTE,
      policies: { overlap: 'allow' },
    })
    expect(rows(timeline)).toEqual([
      ...['1', '2', '3', '4', '5'].map((minute) => `${minute} failed rejected 1`),
      // Parked for 100 ms, then the probe, which fails; the next one is parked for as long, and answered.
      '6 failed rejected 1',
      '7 failed rejected 1',
      '8 succeeded 1',
      '9 running 1',
    ])
    expect(summary.latestMs).toBeGreaterThanOrEqual(100)
  })

  test('keeps all but the probe parked, and lets them go once the probe was answered', () => {
    const many = { policy: 'all', graceSeconds: 900, max: 1_000 } as const
    const { timeline, summary } = run({
      policies: { overlap: 'allow', misfire: many },
      outages: [from(0, 6.5)],
      receiver: { latencyMs: 100, failures: [{ ...from(0, 7), status: 503 }] },
      workers: 1,
      concurrency: 5,
      to: START + 8.2 * MINUTE,
    })
    expect(rows(timeline)).toEqual([
      ...['1', '2', '3', '4', '5'].map((minute) => `${minute} failed rejected 1`),
      ...['6', '7', '8'].map((minute) => `${minute} succeeded 1`),
    ])
    const probed = START + 6.5 * MINUTE + 100 + MINUTE
    expect(timeline.slice(5, 7).map(({ startedAt }) => startedAt)).toEqual([probed, probed + 100])
    expect(summary.overlapping).toBe(5)
  })

  test('that does not answer times out; one that refuses the request does not open the circuit', () => {
    expect(rows(run({ receiver: failing(0), to: START + 2.5 * MINUTE }).timeline)).toEqual([
      '1 failed timed_out 1',
      '2 failed timed_out 1',
    ])
    const refused = run({ receiver: failing(404), to: START + 7.1 * MINUTE })
    expect(rows(refused.timeline)).toEqual(Array.from({ length: 7 }, (_, i) => `${i + 1} failed rejected 1`))
    expect(refused.summary.latestMs).toBe(0)
  })
})

test('what a blackout leaves out is accounted for up to the end, and max_runs ends the job', () => {
  const { timeline } = run({ policies: { blackouts: [from(3, 60)] } })
  expect(rows(timeline)).toEqual(['1 succeeded 1', '2 succeeded 1', '3–10 skipped blackout 0'])
  expect(rows(run({ policies: { maxRuns: 2 } }).timeline)).toEqual(['1 succeeded 1', '2 succeeded 1'])
  expect(rows(run({ policies: { maxRuns: 2 }, runs: 1 }).timeline)).toEqual(['1 succeeded 1'])
})

test('it stops at its limits, and says how far it came', () => {
  const schedule: Schedule = { type: 'cron', cron: '* * * * * *' }
  const year = { schedule, to: START + 366 * 86_400_000 }
  const full = run(year)
  expect(full).toMatchObject({ truncated: true, reached: START + 10_001_000, cursor: START + 10_000_000 })
  expect(full.timeline).toHaveLength(10_000)
  const tired = run({ ...year, limits: { entries: 10_000, events: 30 } })
  expect(tired).toMatchObject({ truncated: true, reached: START + 10_100 })
  const dark = run({ ...year, policies: { blackouts: [from(0, 366 * 1_440)] } })
  expect(dark).toMatchObject({ truncated: false })
  expect(rows(dark.timeline)).toHaveLength(2)
})
