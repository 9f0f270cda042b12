import { expect, test } from 'vitest'
import { callbackHeaders, failureReason, isDestinationFailure } from './callback.ts'
import { attemptOutcomes } from './execution.ts'

const facts = {
  executionId: '0199a1b2-0000-7000-8000-00000000000e',
  jobId: '0199a1b2-0000-7000-8000-00000000000a',
  scheduledFor: new Date('2026-03-29T01:00:00.000Z'),
  hasBody: true,
  attempt: 3,
  sentAt: new Date('2026-03-29T01:00:02.999Z'),
}

test('an attempt carries these headers and no others', () => {
  expect(callbackHeaders(facts)).toEqual({
    'content-type': 'application/json',
    'user-agent': 'scheduler/0.1',
    'webhook-id': '0199a1b2-0000-7000-8000-00000000000e',
    'webhook-timestamp': '1774746002',
    'x-scheduler-job-id': '0199a1b2-0000-7000-8000-00000000000a',
    'x-scheduler-scheduled-for': '2026-03-29T01:00:00.000Z',
    'x-scheduler-attempt': '3',
  })
})

test("a job's own headers stand in place of the usual ones, never in place of what the service says", () => {
  const own = { 'content-type': 'text/xml', 'user-agent': 'mine', 'x-a': '1', 'webhook-id': 'forged' }
  expect(callbackHeaders(facts, { ...own, 'x-scheduler-job-id': 'forged' })).toEqual({
    ...callbackHeaders(facts),
    'content-type': 'text/xml',
    'user-agent': 'mine',
    'x-a': '1',
  })
})

test('a request without a body has no content-type', () => {
  expect(callbackHeaders({ ...facts, hasBody: false })).not.toHaveProperty('content-type')
})

test('every attempt of an execution has the same webhook-id, its own timestamp and its own number', () => {
  const first = callbackHeaders(facts)
  const second = callbackHeaders({ ...facts, attempt: 4, sentAt: new Date('2026-03-29T01:01:00Z') })
  const same = (name: string) => first[name] === second[name]
  expect(Object.keys(first).filter((name) => !same(name))).toEqual(['webhook-timestamp', 'x-scheduler-attempt'])
})

test('no header can be broken out of: each value is printable ASCII in one line', () => {
  expect(Object.values(callbackHeaders(facts)).every((value) => /^[\x20-\x7e]+$/.test(value))).toBe(true)
})

test.for([
  ['succeeded', 200, false],
  ['succeeded', 299, false],
  ['rejected', 301, false],
  ['rejected', 400, false],
  ['rejected', 401, false],
  ['rejected', 404, false],
  ['rejected', 410, false],
  ['rejected', 422, false],
  ['rejected', 408, true],
  ['rejected', 425, true],
  ['rejected', 429, true],
  ['rejected', 500, true],
  ['rejected', 503, true],
  ['rejected', 599, true],
  ['timed_out', null, true],
  ['unreachable', null, true],
  ['blocked', null, false],
  ['abandoned', null, false],
] as const)('%s with status %s counts against the destination: %s', ([outcome, status, counts]) => {
  expect(isDestinationFailure(outcome, status)).toBe(counts)
})

test('an execution fails with the reason its last attempt gave; success and a lost worker give none', () => {
  expect(Object.fromEntries(attemptOutcomes.map((outcome) => [outcome, failureReason(outcome)]))).toEqual({
    succeeded: null,
    rejected: 'rejected',
    timed_out: 'timed_out',
    unreachable: 'unreachable',
    blocked: 'blocked_destination',
    abandoned: null,
    accepted: null,
  })
})
