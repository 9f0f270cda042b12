import { execution } from './examples.ts'

/** Examples of executions whose receivers take their time. */

export const awaitingExecution = {
  ...execution,
  state: 'running',
  reason: 'awaiting_ack',
  attempts: execution.attempts.map((it) => ({ ...it, outcome: 'accepted', status: 202 })),
  ack_deadline_at: '2026-11-24T08:05:00.058+07:00',
  finished_at: null,
}

export const nackedExecution = {
  ...awaitingExecution,
  state: 'waiting',
  reason: 'rejected',
  attempts: awaitingExecution.attempts.map((it) => ({
    ...it,
    ...{ outcome: 'rejected', error: 'nack', response_head: 'the printer is out of paper' },
    finished_at: '2026-11-24T08:02:41.733+07:00',
  })),
  next_attempt_at: '2026-11-24T08:12:41.733+07:00',
  ack_deadline_at: null,
}
