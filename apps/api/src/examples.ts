import { plainDelivery } from './delivery-example.ts'

/** Examples of the OpenAPI document; a test holds each against its schema. */

const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

export const onceBody = {
  schedule_time: '2027-01-20T08:00:00',
  callback_url: 'http://example.com/once',
  payload: { type: 'reminder' },
  timezone: 'GMT+7',
}

export const dailyBody = {
  days: 1,
  start_date: '2024-01-20T08:00:00',
  callback_url: 'http://example.com/daily',
  payload: { type: 'daily_job', time: '08:00' },
  timezone: 'GMT+7',
}

export const dailyJob = {
  job_id: id,
  type: 'interval',
  schedule_time: '2026-11-24T08:00:00+07:00',
  effective_at: '2026-11-24T08:00:00+07:00',
  callback_url: 'http://example.com/daily',
  payload: { type: 'daily_job', time: '08:00' },
  ...plainDelivery,
  timezone: 'GMT+7',
  status: 'active',
  status_reason: null,
  paused_until: null,
  resume_missed: null,
  schedule: { days: 1, start_date: '2024-01-20T08:00:00+07:00', end_date: null },
  name: null,
  tags: [],
  external_id: null,
  retention: null,
  jitter: 0,
  misfire: { policy: 'last', grace_seconds: 900, max: 1_000 },
  overlap: 'skip',
  dst: { gap: 'shift', fold: 'first' },
  max_runs: null,
  runs: 0,
  blackouts: [],
  created_at: '2026-11-23T18:24:56.123+07:00',
  updated_at: '2026-11-23T18:24:56.123+07:00',
  version: 1,
}

export const onceJob = {
  ...dailyJob,
  type: 'once',
  schedule_time: '2027-01-20T08:00:00+07:00',
  effective_at: '2027-01-20T08:00:00+07:00',
  callback_url: 'http://example.com/once',
  payload: { type: 'reminder' },
  schedule: { schedule_time: '2027-01-20T08:00:00+07:00' },
}

export const pausedJob = {
  ...dailyJob,
  schedule_time: null,
  effective_at: null,
  status: 'paused',
  status_reason: 'maintenance',
  version: 2,
}

export const execution = {
  execution_id: '0199b1f5-0c11-7d8e-8a55-6d1f0b2c3e4f',
  job_id: id,
  job_version: 1,
  kind: 'schedule',
  scheduled_for: '2026-11-24T08:00:00+07:00',
  scheduled_until: null,
  count: 1,
  effective_at: '2026-11-24T08:00:00+07:00',
  state: 'succeeded',
  reason: null,
  attempt: 1,
  attempts: [
    {
      attempt: 1,
      outcome: 'succeeded',
      status: 200,
      started_at: '2026-11-24T08:00:00.012+07:00',
      finished_at: '2026-11-24T08:00:00.058+07:00',
      job_version: 1,
      error: null,
      response_head: 'ok',
      timings: { dns_ms: 3, connect_ms: 9, tls_ms: 14, first_byte_ms: 17, total_ms: 44 },
    },
  ],
  failures: 0,
  flow_key: null,
  next_attempt_at: null,
  ack_deadline_at: null,
  created_at: '2026-11-24T08:00:00.004+07:00',
  finished_at: '2026-11-24T08:00:00.061+07:00',
  dead_at: null,
  redriven_at: null,
}

export const manualExecution = {
  ...execution,
  ...{ kind: 'manual', state: 'queued', attempt: 0, attempts: [], finished_at: null },
}

export const cancelledExecution = {
  ...manualExecution,
  ...{ state: 'cancelled', reason: 'cancelled_by_hand', finished_at: '2026-11-24T08:00:02.345+07:00' },
}

export const brokenOffExecution = {
  ...manualExecution,
  ...{ state: 'running', reason: 'cancelled_by_hand', attempt: 1 },
}

export const circuit = {
  destination: 'https://example.com',
  state: 'open',
  failures: 5,
  opened_at: '2026-11-24T01:00:00.123Z',
  retry_at: '2026-11-24T01:01:00.123Z',
  drain_order: 'oldest',
  draining_since: null,
  parked: 12,
  parked_is_lower_bound: false,
}

export const closedCircuit = {
  ...circuit,
  state: 'closed',
  failures: 4,
  opened_at: null,
  retry_at: null,
  draining_since: '2026-11-24T01:00:30.456Z',
}

export const circuitChange = {
  state: 'open',
  cause: 'failures',
  failures: 5,
  parked: 0,
  at: '2026-11-24T01:00:00.123Z',
}

export const blackoutBody = {
  tag: 'reports',
  from: '2026-12-24T00:00:00',
  to: '2026-12-27T00:00:00',
  timezone: 'Europe/Rome',
  reason: 'holidays',
}

export const blackout = {
  blackout_id: '0199b1f6-1d22-7a10-8b3c-5e4f2a1b8c4d',
  tag: 'reports',
  from: '2026-12-24T00:00:00+01:00',
  to: '2026-12-27T00:00:00+01:00',
  reason: 'holidays',
  created_at: '2026-11-23T12:24:56.123+01:00',
}

export const health = {
  status: 'healthy',
  timestamp: '2026-11-24T01:00:00.000Z',
  components: { scheduler: 'running', database: 'connected' },
}
