import { expect, test } from 'vitest'
import { policies } from '../test/policies.ts'
import { defaultRetry, type Retry } from './delivery.ts'
import { backoffMs } from './retry.ts'
import type { OverlapPolicy } from './schedule.ts'
import { type SimulationInput, simulate } from './simulate.ts'

const START = Date.UTC(2026, 5, 1)
const MINUTE = 60_000
const plain: Retry = { ...defaultRetry, jitter: 0 }

/** Every ten minutes, for an hour from START; the receiver answers `status` until so many minutes have passed. */
function run([minutes, status]: [number, number], fields: Partial<SimulationInput> & { overlap?: OverlapPolicy } = {}) {
  const { overlap = 'skip', ...rest } = fields
  return simulate({
    schedule: { type: 'cron', cron: '*/10 * * * *' },
    policies: policies({ overlap }),
    from: START,
    to: START + 60 * MINUTE,
    receiver: { latencyMs: 100, failures: [{ from: START, to: START + minutes * MINUTE, status }] },
    workers: 1,
    retry: plain,
    ...rest,
  })
}

const rows = ({ timeline }: ReturnType<typeof simulate>) =>
  timeline.map((it) => [(it.scheduledFor - START) / MINUTE, it.state, it.reason, it.attempts])

test('an attempt that fails is followed by others, each after its backoff, until one succeeds', () => {
  const result = run([10.4, 503])
  expect(rows(result).slice(0, 2)).toEqual([
    [10, 'succeeded', null, 3],
    [20, 'succeeded', null, 1],
  ])
  // 10 s after the end of the first, 20 s after that of the second.
  expect(result.timeline[0]?.finishedAt).toBe(START + 10 * MINUTE + 10_000 + 20_000 + 300)
})

test('the last of its attempts fails the execution; a receiver that refuses gets no other', () => {
  expect(rows(run([15, 500]))[0]).toEqual([10, 'failed', 'rejected', 4])
  expect(rows(run([15, 410]))[0]).toEqual([10, 'failed', 'rejected', 1])
  expect(rows(run([15, 500], { retry: { ...plain, limit: 1 } }))[0]).toEqual([10, 'failed', 'rejected', 2])
  expect(rows(run([15, 0]))[0]).toEqual([10, 'failed', 'timed_out', 4])
})

test('what waits for its next attempt is unfinished: the next occurrence is left out, waits, or takes its place', () => {
  const slow: Retry = { ...plain, minBackoffSeconds: 720 }
  const of = (overlap: OverlapPolicy) => rows(run([15, 500], { retry: slow, overlap })).slice(0, 2)
  expect(of('skip')).toEqual([
    [10, 'succeeded', null, 2],
    [20, 'skipped', 'overlap_skipped', 0],
  ])
  expect(of('queue_all')).toEqual([
    [10, 'succeeded', null, 2],
    [20, 'succeeded', null, 1],
  ])
  expect(of('cancel_running')).toEqual([
    [10, 'cancelled', 'superseded', 1],
    [20, 'succeeded', null, 1],
  ])
})

test('with stop_at_next none begins once the next occurrence is due; with an age none after that', () => {
  const slow: Retry = { ...plain, minBackoffSeconds: 720 }
  expect(rows(run([15, 500], { retry: { ...slow, stopAtNext: true } })).slice(0, 2)).toEqual([
    [10, 'failed', 'rejected', 1],
    [20, 'succeeded', null, 1],
  ])
  expect(rows(run([15, 500], { retry: { ...slow, maxAgeSeconds: 60 } }))[0]).toEqual([10, 'failed', 'rejected', 1])
})

test('an attempt that is due while there is no worker begins when there is one again', () => {
  const outage = { from: START + 10 * MINUTE + 5_000, to: START + 12 * MINUTE }
  const result = run([10.1, 500], { outages: [outage] })
  expect(rows(result)[0]).toEqual([10, 'succeeded', null, 2])
  expect(result.timeline[0]?.finishedAt).toBe(outage.to + 100)
})

test('failures of several executions open the circuit; their next attempts are parked until it lets them', () => {
  const allAtOnce = policies({ misfire: { policy: 'all', graceSeconds: 7_200 }, overlap: 'allow' })
  const result = run([35.2, 503], { policies: allAtOnce, outages: [{ from: START, to: START + 35 * MINUTE }] })
  // Three fail at 35:00 and twice more with the first of their retries; then a probe, a minute later.
  expect(rows(result).slice(0, 3)).toEqual([10, 20, 30].map((minute) => [minute, 'succeeded', null, 3]))
  expect(result.timeline[0]?.finishedAt).toBeGreaterThan(START + 36 * MINUTE)
})

test('each execution has a jitter of its own, the same each time', () => {
  const retry = defaultRetry
  const input = { retry, overlap: 'allow' as const }
  const ends = (of: ReturnType<typeof simulate>) =>
    of.timeline.map(({ finishedAt, scheduledFor }) => (finishedAt ?? 0) - scheduledFor)
  const delays = ends(run([60, 409], input))
  expect(delays).toEqual(ends(run([60, 409], input)))
  expect(new Set(delays).size).toBeGreaterThan(3)
  const least = backoffMs(plain, 1, '') + backoffMs(plain, 2, '') + backoffMs(plain, 3, '')
  for (const delay of delays.slice(0, 1)) expect(delay).toBeGreaterThanOrEqual(least)
})
