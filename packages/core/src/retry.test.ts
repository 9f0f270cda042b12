import { describe, expect, test } from 'vitest'
import { defaultRetry } from './delivery.ts'
import { afterFailure, backoffMs, type Failure, parseRetryAfter } from './retry.ts'

const now = Date.UTC(2026, 10, 24)
const plain = { ...defaultRetry, jitter: 0 }
const failure = (changes: Partial<Failure> = {}): Failure => ({
  ...{ outcome: 'rejected', status: 500, retryAfterMs: null, failures: 1, firstAttemptAt: now, now },
  ...{ nextRunAt: null, seed: '0199a1b2-0000-7000-8000-00000000000e' },
  ...changes,
})

test.for([
  [1, 10],
  [2, 20],
  [3, 40],
  [9, 2_560],
  [10, 3_600],
  [100, 3_600],
])('after failure %i it waits %i s', ([failures, seconds]) => {
  expect(backoffMs(plain, failures ?? 0, 'seed')).toBe((seconds ?? 0) * 1_000)
})

test('jitter makes a wait longer by up to its part, never shorter, and each execution its own', () => {
  const waits = Array.from({ length: 500 }, (_, i) => backoffMs(defaultRetry, 1, `execution ${i}`))
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(10_000)
  expect(Math.max(...waits)).toBeLessThanOrEqual(12_000)
  expect(new Set(waits).size).toBeGreaterThan(400)
  expect(backoffMs(defaultRetry, 1, 'a')).toBe(backoffMs(defaultRetry, 1, 'a'))
})

describe('there is no further attempt', () => {
  test.for([
    ['limit', { failures: 4 }, {}],
    ['limit', { failures: 1 }, { limit: 0 }],
    ['refused', { status: 410 }, {}],
    ['refused', { status: 489 }, {}],
    ['refused', { outcome: 'blocked', status: null }, {}],
    ['age', { firstAttemptAt: now - 86_390_001 }, {}],
    ['age', { status: 429, retryAfterMs: 86_400_001 }, {}],
    ['next_occurrence', { nextRunAt: now + 10_000 }, { stopAtNext: true }],
  ] as const)('%s: %j %j', ([exhausted, changes, policy]) => {
    expect(afterFailure({ ...plain, ...policy }, failure(changes))).toEqual({ exhausted })
  })
})

describe('there is another attempt', () => {
  test.for([
    [10_000, {}, {}],
    [10_000, { outcome: 'timed_out', status: null }, {}],
    [40_000, { failures: 3 }, {}],
    [10_000, { firstAttemptAt: now - 86_390_000 }, {}],
    [10_000, { nextRunAt: now + 1 }, {}],
    [10_000, { nextRunAt: now + 10_001 }, { stopAtNext: true }],
    [90_000, { status: 429, retryAfterMs: 90_000 }, {}],
    [90_000, { status: 503, retryAfterMs: 90_000 }, {}],
    [10_000, { status: 503, retryAfterMs: 1_000 }, {}],
    [10_000, { status: 500, retryAfterMs: 90_000 }, {}],
  ] as const)('after %i ms: %j %j', ([ms, changes, policy]) => {
    expect(afterFailure({ ...plain, ...policy }, failure(changes))).toEqual({ at: now + ms })
  })
})

test.for([
  ['120', 120_000],
  [' 0 ', 0],
  ['999999999999', 86_400_000],
  ['Tue, 24 Nov 2026 00:01:00 GMT', 60_000],
  ['Tuesday, 24-Nov-26 00:01:00 GMT', 60_000],
  ['Tue, 24 Nov 2020 00:01:00 GMT', 0],
  ['-1', null],
  ['1.5', null],
  ['soon', null],
  ['2026-11-24T00:01:00Z', null],
  ['', null],
  [undefined, null],
] as const)('Retry-After %j asks for %j ms', ([text, ms]) => {
  expect(parseRetryAfter(text, now)).toBe(ms)
})
