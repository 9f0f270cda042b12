// Tables of the size that a bench needs, written by the server itself.

import type { Pool } from '@scheduler/db/client'
import { newJobId } from '@scheduler/db/queries/create-job'

/** Rows to a statement: the client waits for each of them. */
const CHUNK = 100_000

/** Interval jobs that are years away, with ids in the order of time as those of creates are. */
export async function fillJobs(pool: Pool, count: number): Promise<void> {
  for (let from = 0; from < count; from += CHUNK) {
    await pool.query(
      `insert into jobs (id, type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
         destination, callback_host, timezone, schedule, policies, payload)
       select ${timedId('$1::int + n')}, 'interval', '2090-01-01', '2090-01-01', now(), now(), now(),
         'https://example.com/hooks/orders', 'https://example.com', 'example.com', 'UTC',
         '{"type":"interval","every":{"days":1},"anchor":"2090-01-01T00:00:00+00:00","anchorGiven":true}', '{}',
         '{"order":4711}'
       from generate_series(1, $2::int) as n`,
      [from, Math.min(CHUNK, count - from)],
    )
  }
  await pool.query('vacuum analyze jobs')
}

/** A UUIDv7 of `n` milliseconds after the first of 2026. */
const timedId = (n: string) =>
  `(lpad(to_hex(${Date.UTC(2026, 0)} + ${n}), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || 'a' || substr(md5(random()::text), 1, 15))::uuid`

/** Every how many seconds the jobs of the ledger were due: a hundred thousand times within the last week. */
const EVERY_SECONDS = 6
const OF_EACH = 100_000

/** Jobs with `count` executions in all up to now, each sent by one attempt; and one of those, of about the middle. */
export async function fillLedger(pool: Pool, count: number): Promise<{ jobId: string; at: Date; executionId: string }> {
  const start = Math.floor(Date.now() / 1_000 - OF_EACH * EVERY_SECONDS) * 1_000
  const anchor = new Date(start).toISOString().replace('Z', '+00:00')
  const schedule = JSON.stringify({ type: 'interval', every: { seconds: EVERY_SECONDS }, anchor, anchorGiven: true })
  let jobId = ''
  for (let from = 0; from < count; from += OF_EACH) {
    jobId = newJobId()
    await pool.query(
      `insert into jobs (id, type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
         destination, callback_host, timezone, schedule, policies, payload)
       values ($1, 'interval', '2090-01-01', '2090-01-01', now(), $2, $2, 'https://example.com/hooks/orders',
         'https://example.com', 'example.com', 'UTC', $3, '{}', '{"order":4711}')`,
      [jobId, new Date(start), schedule],
    )
    await pool.query(
      `with made as (
         insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at,
           claimed_at, claimed_by, finished_at, destination)
         select ${timedId('$2::int + n')}, $1, 1, 'schedule', 'succeeded', 1, at, at, at, at, gen_random_uuid(),
           at + interval '20 ms', 'https://example.com'
         from generate_series(0, $3::int - 1) as n,
           lateral (select $4::timestamptz + n * make_interval(secs => $5) as at) as t
         returning id, scheduled_for, claimed_by)
       insert into attempts (execution_id, scheduled_for, attempt, outcome, worker_id, job_version, started_at, finished_at,
         status)
       select id, scheduled_for, 1, 'succeeded', claimed_by, 1, scheduled_for, scheduled_for + interval '20 ms', 200
       from made`,
      [jobId, from, Math.min(OF_EACH, count - from), new Date(start), EVERY_SECONDS],
    )
  }
  await pool.query('vacuum analyze executions, attempts')
  const at = new Date(start + Math.floor(OF_EACH / 2) * EVERY_SECONDS * 1_000)
  const { rows } = await pool.query<{ id: string }>(
    'select id from executions where job_id = $1 and scheduled_for = $2',
    [jobId, at],
  )
  return { jobId, at, executionId: rows[0]?.id ?? '' }
}
