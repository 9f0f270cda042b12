import { describe, expect, test } from 'vitest'
import { defaultRetry, type Retry } from './delivery.ts'
import { afterFailure, backoffMs, type Failure, MAX_RETRY_AFTER_MS, parseRetryAfter } from './retry.ts'

const now = Date.parse('2026-11-24T08:00:00Z')
const plain: Retry = { ...defaultRetry, jitter: 0 }

const after = (failure: Partial<Failure> = {}, retry: Partial<Retry> = {}) =>
  afterFailure(
    { ...plain, ...retry },
    {
      ...{ outcome: 'rejected', status: 500, retryAfterMs: null, failures: 1, firstAttemptAt: now - 100, now },
      ...{ nextRunAt: null, seed: 'an execution', ...failure },
    },
  )
const inMs = (ms: number) => ({ at: now + ms })

describe('the backoff', () => {
  test('doubles from ten seconds on, up to an hour', () => {
    const seconds = Array.from({ length: 12 }, (_, n) => backoffMs(plain, n + 1, 's') / 1_000)
    expect(seconds).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600])
  })

  test.for([
    [{ factor: 1 }, [10, 10, 10]],
    [{ factor: 3, minBackoffSeconds: 1, maxBackoffSeconds: 5 }, [1, 3, 5]],
    [{ minBackoffSeconds: 0 }, [0, 0, 0]],
    [{ minBackoffSeconds: 60, maxBackoffSeconds: 30 }, [30, 30, 30]],
    [{ factor: 1.5 }, [10, 15, 22.5]],
  ] as const)('%j: %j', ([retry, seconds]) => {
    expect([1, 2, 3].map((n) => backoffMs({ ...plain, ...retry }, n, 's') / 1_000)).toEqual(seconds)
  })

  test('is a time even after more failures than a number can count', () => {
    for (const failures of [1_000, 100_000, Number.MAX_SAFE_INTEGER]) {
      expect(backoffMs(plain, failures, 's')).toBe(3_600_000)
    }
  })

  test('with jitter it is never less, at most that much more, and another for each execution and each failure', () => {
    const retry = { ...plain, jitter: 0.2 }
    const waits = Array.from({ length: 2_000 }, (_, n) => backoffMs(retry, 1, `execution ${n}`))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(10_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(12_000)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(1_900)
    expect(new Set(waits).size).toBeGreaterThan(1_000)
    const extra = [1, 2, 3].map((n) => backoffMs(retry, n, 's') / backoffMs(plain, n, 's'))
    expect(new Set(extra).size).toBe(3)
    expect(backoffMs(retry, 1, 's')).toBe(backoffMs(retry, 1, 's'))
  })
})

describe('after a failure', () => {
  test('there is another attempt until the limit is used up', () => {
    expect(after({ failures: 1 })).toEqual(inMs(10_000))
    expect(after({ failures: 3 })).toEqual(inMs(40_000))
    expect(after({ failures: 4 })).toEqual({ exhausted: 'limit' })
  })

  test('with a limit of 0 there is none', () => {
    expect(after({}, { limit: 0 })).toEqual({ exhausted: 'limit' })
  })

  test.for(['timed_out', 'unreachable'] as const)('%s is followed by another', (outcome) => {
    expect(after({ outcome, status: null })).toEqual(inMs(10_000))
  })

  test.for([410, 489])('%i is not, and nor is what it asks for heeded', (status) => {
    expect(after({ status, retryAfterMs: 1_000 })).toEqual({ exhausted: 'refused' })
  })

  test.for([301, 400, 404, 409, 411, 422, 488, 490, 500, 501])('%i is', (status) => {
    expect(after({ status })).toEqual(inMs(10_000))
  })

  test('a target that is not allowed is not called again', () => {
    expect(after({ outcome: 'blocked', status: null })).toEqual({ exhausted: 'refused' })
  })

  describe('an answer that asks to be left alone', () => {
    test.for([429, 503])('%i is, where that is longer than the backoff', (status) => {
      expect(after({ status, retryAfterMs: 60_000 })).toEqual(inMs(60_000))
      expect(after({ status, retryAfterMs: 5_000 })).toEqual(inMs(10_000))
      expect(after({ status, retryAfterMs: 0 })).toEqual(inMs(10_000))
      expect(after({ status, retryAfterMs: 7_200_000 }), 'longer than the longest backoff').toEqual(inMs(7_200_000))
    })

    test.for([400, 404, 500, 502, 504])('%i has no say in it', (status) => {
      expect(after({ status, retryAfterMs: 60_000 })).toEqual(inMs(10_000))
    })

    test('for longer than the execution may live ends it', () => {
      expect(after({ status: 503, retryAfterMs: 3_600_000 }, { maxAgeSeconds: 1_800 })).toEqual({ exhausted: 'age' })
    })
  })

  test('the last attempt begins at the age limit, and not after it', () => {
    const firstAttemptAt = now - 50_000
    expect(after({ firstAttemptAt }, { maxAgeSeconds: 60 })).toEqual(inMs(10_000))
    expect(after({ firstAttemptAt: firstAttemptAt - 1 }, { maxAgeSeconds: 60 })).toEqual({ exhausted: 'age' })
    expect(after({ firstAttemptAt: firstAttemptAt - 1 }, { maxAgeSeconds: 60, limit: 0 })).toEqual({
      exhausted: 'limit',
    })
  })

  test('where retries stop at the next occurrence, the last begins before it', () => {
    const stop = { stopAtNext: true }
    expect(after({ nextRunAt: now + 10_001 }, stop)).toEqual(inMs(10_000))
    expect(after({ nextRunAt: now + 10_000 }, stop)).toEqual({ exhausted: 'next_occurrence' })
    expect(after({ nextRunAt: now - 1 }, stop)).toEqual({ exhausted: 'next_occurrence' })
    expect(after({ nextRunAt: null }, stop), 'no occurrence left').toEqual(inMs(10_000))
    expect(after({ nextRunAt: now + 1 })).toEqual(inMs(10_000))
  })
})

describe('Retry-After', () => {
  test.for([
    ['0', 0],
    ['1', 1_000],
    ['120', 120_000],
    ['  7 ', 7_000],
    ['007', 7_000],
    ['86400', 86_400_000],
    ['86401', MAX_RETRY_AFTER_MS],
    ['999999999999999', MAX_RETRY_AFTER_MS],
    ['Tue, 24 Nov 2026 08:01:00 GMT', 60_000],
    ['Tuesday, 24-Nov-26 08:01:00 GMT', 60_000],
    ['Tue Nov 24 08:01:00 2026', 60_000],
    ['Thu Nov  5 08:01:00 2026', 0],
    ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', MAX_RETRY_AFTER_MS],
  ] as const)('%j asks for %i ms', ([text, ms]) => {
    expect(parseRetryAfter(text, now)).toBe(ms)
  })

  test.for([
    undefined,
    '',
    ' ',
    '-1',
    '+5',
    '1.5',
    '1e3',
    '0x10',
    '5s',
    '5, 10',
    '５',
    'soon',
    'NaN',
    'Infinity',
    '1'.repeat(16),
    '1'.repeat(10_000),
    '2026-11-24T08:01:00Z',
    'Tue, 24 Nov 2026 08:01:00',
    'Tue, 24 Nov 2026 08:01:00 +0700',
    'Tue, 24 Nov 2026 08:01:00 GMT, 5',
    'Tue, 99 Xyz 2026 08:01:00 GMT',
    'Tue, 24 Nov 2026 99:99:99 GMT',
    '\0',
  ])('%j asks for nothing', (text) => {
    expect(parseRetryAfter(text, now)).toBeNull()
  })
})
