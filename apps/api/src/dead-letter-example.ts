import { execution } from './examples.ts'

/** What the routes of dead letters show in the OpenAPI document; a test holds it against their schemas. */

const failedAttempt = {
  ...{ attempt: 1, outcome: 'rejected', status: 410, job_version: 1, error: null, response_head: 'gone' },
  started_at: '2026-11-24T01:00:00.012+00:00',
  finished_at: '2026-11-24T01:00:00.058+00:00',
  timings: { dns_ms: 3, connect_ms: 9, tls_ms: 14, first_byte_ms: 17, total_ms: 44 },
}

export const deadLetter = {
  ...execution,
  scheduled_for: '2026-11-24T01:00:00+00:00',
  effective_at: '2026-11-24T01:00:00+00:00',
  state: 'failed',
  reason: 'rejected',
  attempts: [failedAttempt],
  created_at: '2026-11-24T01:00:00.004+00:00',
  finished_at: '2026-11-24T01:00:00.061+00:00',
  dead_at: '2026-11-24T01:00:00.061+00:00',
}

export const redrivenExecution = {
  ...deadLetter,
  state: 'queued',
  reason: null,
  finished_at: null,
  dead_at: null,
  redriven_at: '2026-11-24T02:00:00.123+00:00',
}
