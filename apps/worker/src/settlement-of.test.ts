import type { StoredDelivery } from '@scheduler/core/delivery'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import { describe, expect, test } from 'vitest'
import type { Answer } from './callback-client.ts'
import { sealedSettlement, settlementOf } from './settlement-of.ts'

const startedAt = new Date('2026-11-24T08:00:00Z')
const finishedAt = new Date('2026-11-24T08:00:01Z')
const after = (seconds: number) => new Date(finishedAt.getTime() + seconds * 1_000)

function claim(fields: Partial<Claim> = {}, delivery: StoredDelivery | null = { retry: { jitter: 0 } }): Claim {
  return {
    item: { id: 'item', data: { e: 'execution' }, retryCount: 0 } as unknown as Claim['item'],
    ...{ executionId: 'execution', jobId: 'job', jobVersion: 3, recurring: true, scheduledFor: startedAt, attempt: 1 },
    ...{ callbackUrl: 'http://receiver.test/', destination: 'http://receiver.test', payload: '{}', delivery },
    ...{ failures: 0, firstAttemptAt: startedAt, nextRunAt: null, isProbe: false, ...fields },
  }
}

const none = { dns: null, connect: null, tls: null, firstByte: null, total: 7 }
function answer(fields: Partial<Answer> = {}): Answer {
  return {
    ...{ outcome: 'rejected', status: 500, error: null, head: 'no', retryAfter: undefined, timings: none },
    ...fields,
  }
}
const settled = (it: Claim, said: Answer | null) => settlementOf(it, said, { startedAt, finishedAt })

test('a success is final, and leaves the count of failures as it was', () => {
  expect(settled(claim({ attempt: 4, failures: 2 }), answer({ outcome: 'succeeded', status: 204 }))).toMatchObject({
    ...{ state: 'succeeded', reason: null, nextAttemptAt: null, failures: 2, attempt: 4, jobVersion: 3 },
    ...{ outcome: 'succeeded', status: 204, responseHead: 'no', timings: none, startedAt, finishedAt },
  })
})

test('a failure waits for its next attempt from when it ended, and counts', () => {
  expect(settled(claim(), answer())).toMatchObject({
    ...{ state: 'waiting', reason: 'rejected', outcome: 'rejected', failures: 1, nextAttemptAt: after(10) },
  })
  expect(settled(claim({ failures: 2 }), answer({ outcome: 'timed_out', status: null }))).toMatchObject({
    ...{ state: 'waiting', reason: 'timed_out', failures: 3, nextAttemptAt: after(40) },
  })
})

test('a backoff counts from the moment at which the attempt had ended for sure', () => {
  const it = settlementOf(claim(), answer(), { startedAt, finishedAt, latest: after(0.5) })
  expect(it).toMatchObject({ finishedAt, nextAttemptAt: after(10.5) })
  const dated = answer({ status: 503, retryAfter: 'Tue, 24 Nov 2026 08:01:01 GMT' })
  expect(settlementOf(claim(), dated, { startedAt, finishedAt, latest: after(0.5) }).nextAttemptAt).toEqual(after(60))
})

describe('it is the last', () => {
  test.for<[string, Partial<Claim>, StoredDelivery, Partial<Answer>, string]>([
    ['when the retries are used up', { failures: 3 }, {}, {}, 'rejected'],
    ['when there are none', {}, { retry: { limit: 0 } }, { outcome: 'unreachable', status: null }, 'unreachable'],
    ['when the receiver is gone', {}, {}, { status: 410 }, 'rejected'],
    ['when the receiver asks for no other', {}, {}, { status: 489 }, 'rejected'],
    ['when the target is not allowed', {}, {}, { outcome: 'blocked', status: null }, 'blocked_destination'],
    ['when the execution is too old', {}, { retry: { maxAgeSeconds: 5 } }, {}, 'rejected'],
    ['when the next occurrence is due', { nextRunAt: after(9) }, { retry: { stopAtNext: true } }, {}, 'rejected'],
    [
      'when the receiver asks to be left alone beyond the age limit',
      {},
      { retry: { maxAgeSeconds: 60 } },
      { status: 503, retryAfter: '61' },
      'rejected',
    ],
  ])('%s', ([, fields, delivery, said, reason]) => {
    const it = claim(fields, delivery)
    expect(settled(it, answer(said))).toMatchObject({
      ...{ state: 'failed', reason, nextAttemptAt: null, failures: it.failures + 1 },
    })
  })

  test('not by its attempts: those that were lost with their worker are none of the retries', () => {
    expect(settled(claim({ attempt: 40, failures: 2 }), answer())).toMatchObject({ state: 'waiting', failures: 3 })
  })
})

describe('what the receiver asks for in Retry-After', () => {
  test.for([
    [429, '30', 30],
    [503, '30', 30],
    [503, 'Tue, 24 Nov 2026 08:01:01 GMT', 60],
    [503, 'Tue Nov 24 08:01:01 2026', 60],
    [503, '3', 10],
    [503, 'soon', 10],
    [503, '-30', 10],
    [503, undefined, 10],
    [500, '30', 10],
    [404, '30', 10],
  ] as const)('%i, %s: the next attempt %i s later', ([status, retryAfter, seconds]) => {
    expect(settled(claim(), answer({ status, retryAfter })).nextAttemptAt).toEqual(after(seconds))
  })

  test('is a day at the most', () => {
    const delivery = { retry: { jitter: 0, maxAgeSeconds: 1_000_000 } }
    const { nextAttemptAt } = settled(claim({}, delivery), answer({ status: 503, retryAfter: '9999999' }))
    expect(nextAttemptAt).toEqual(after(86_400))
  })
})

test('an attempt that we broke off counts for nothing, and is followed by another at once', () => {
  expect(settled(claim({ attempt: 9, failures: 3 }, { retry: { limit: 0, maxAgeSeconds: 0 } }), null)).toMatchObject({
    ...{ state: 'waiting', outcome: 'abandoned', reason: null, error: null, failures: 3, nextAttemptAt: finishedAt },
  })
})

test('a secret that can’t be opened uses up no retry, until the execution is too old', () => {
  const fields = { outcome: 'abandoned', error: 'ERR_SECRET_SEALED', reason: 'secret_unavailable', failures: 3 }
  const it = claim({ failures: 3 }, { retry: { maxAgeSeconds: 100 } })
  expect(sealedSettlement(it, finishedAt)).toMatchObject({ ...fields, state: 'waiting', nextAttemptAt: after(30) })
  expect(sealedSettlement(it, after(80))).toMatchObject({ ...fields, state: 'failed', nextAttemptAt: null })
})
