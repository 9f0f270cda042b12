import { expect, test } from 'vitest'
import { ackDeadline, judge, type Standing } from './acknowledgement.ts'
import { attemptOutcomes, executionStates, finalStates } from './execution.ts'
import { receiverActions } from './receiver-url.ts'

const awaited: Standing = {
  ...{ state: 'running', attempt: 2, outcome: 'accepted', error: null },
  ...{ ackDeadlineAt: 1_000, now: 999 },
}
const inFlight: Standing = { ...awaited, outcome: null, ackDeadlineAt: null }
const lost: Standing = { ...inFlight, state: 'parked', outcome: 'abandoned' }
const done: Standing = { ...awaited, state: 'succeeded', outcome: 'succeeded', ackDeadlineAt: null }
const refused: Standing = { ...awaited, state: 'waiting', outcome: 'rejected', error: 'nack', ackDeadlineAt: null }
const silent: Standing = { ...refused, outcome: 'timed_out', error: 'ack_timeout' }

test.for<[string, Standing, [ack: string, nack: string, heartbeat: string]]>([
  ['awaited', awaited, ['carry_out', 'carry_out', 'carry_out']],
  ['awaited, at the last moment', { ...awaited, now: 1_000 }, ['carry_out', 'carry_out', 'carry_out']],
  ['awaited too long', { ...awaited, now: 1_001 }, ['expired', 'expired', 'expired']],
  ['in flight', inFlight, ['carry_out', 'carry_out', 'carry_out']],
  ['lost with its worker', lost, ['carry_out', 'carry_out', 'expired']],
  ['lost, and in the queue again', { ...lost, state: 'queued' }, ['carry_out', 'carry_out', 'expired']],
  ['acknowledged', done, ['repeated', 'expired', 'expired']],
  ['refused', refused, ['expired', 'repeated', 'expired']],
  ['refused for good', { ...refused, state: 'failed' }, ['expired', 'repeated', 'expired']],
  ['ended for want of a word', silent, ['expired', 'expired', 'expired']],
  ['answered otherwise', { ...refused, error: null }, ['expired', 'expired', 'expired']],
  ['cancelled', { ...awaited, state: 'cancelled', ackDeadlineAt: null }, ['expired', 'expired', 'expired']],
  ['given up', { ...lost, state: 'failed' }, ['expired', 'expired', 'expired']],
])('an attempt that is %s', ([, standing, verdicts]) => {
  expect(receiverActions.map((action) => judge(action, 2, standing))).toEqual(verdicts)
  for (const other of [1, 3]) {
    expect(receiverActions.map((action) => judge(action, other, standing))).toEqual(Array(3).fill('older_attempt'))
  }
})

test('nothing is ever carried out of what is final', () => {
  for (const state of executionStates) {
    for (const outcome of [null, ...attemptOutcomes]) {
      for (const action of receiverActions) {
        const verdict = judge(action, 2, { ...awaited, state, outcome, ackDeadlineAt: null })
        if ((finalStates as readonly string[]).includes(state)) expect(verdict).not.toBe('carry_out')
      }
    }
  }
})

test('the time is counted from now on, and ends a day after the attempt began', () => {
  expect(ackDeadline(50_000, 300, 0)).toBe(350_000)
  expect(ackDeadline(86_399_000, 300, 0)).toBe(86_400_000)
  expect(ackDeadline(10_000, 86_400, 4_000)).toBe(86_404_000)
})
