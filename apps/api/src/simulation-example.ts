/** What `POST /simulate` shows in the OpenAPI document; a test holds it against its schema. */

export const simulationBody = {
  job: { type: 'cron', cron: '0 * * * *', timezone: 'Europe/Rome', misfire: { policy: 'last', grace_seconds: 3600 } },
  from: '2026-11-24T00:30:00',
  to: '2026-11-24T03:30:00',
  outages: [{ from: '2026-11-24T00:45:00', to: '2026-11-24T02:20:00' }],
}

const simulatedRow = {
  scheduled_for: '2026-11-24T01:00:00+01:00',
  scheduled_until: null,
  count: 1,
  effective_at: '2026-11-24T01:00:00+01:00',
  state: 'skipped',
  reason: 'missed_grace',
  attempts: 0,
  started_at: null,
  finished_at: '2026-11-24T02:20:00+01:00',
}

export const simulated = {
  timeline: [
    simulatedRow,
    {
      ...simulatedRow,
      scheduled_for: '2026-11-24T02:00:00+01:00',
      effective_at: '2026-11-24T02:00:00+01:00',
      state: 'succeeded',
      reason: null,
      attempts: 1,
      started_at: '2026-11-24T02:20:00+01:00',
      finished_at: '2026-11-24T02:20:00.1+01:00',
    },
    {
      ...simulatedRow,
      scheduled_for: '2026-11-24T03:00:00+01:00',
      effective_at: '2026-11-24T03:00:00+01:00',
      state: 'succeeded',
      reason: null,
      attempts: 1,
      started_at: '2026-11-24T03:00:00+01:00',
      finished_at: '2026-11-24T03:00:00.1+01:00',
    },
  ],
  summary: {
    states: { skipped: 1, succeeded: 2 },
    reasons: { missed_grace: 1 },
    sent: 2,
    latest_ms: 1_200_000,
    overlapping: 1,
    truncated: false,
    reached: '2026-11-24T03:30:00+01:00',
  },
}
