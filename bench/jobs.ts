// Jobs put into a database past the API.
import type { StoredDelivery } from '@scheduler/core/delivery'
import type { IntervalSchedule, Misfire, OverlapPolicy } from '@scheduler/core/schedule'
import type { Pool } from '@scheduler/db/client'
import { createJob, newJobId } from '@scheduler/db/queries/create-job'

/** What a trial's jobs have unless told otherwise: one attempt each, so that what is counted is what was dispatched. */
export const oneAttempt: StoredDelivery = { retry: { limit: 0 } }

/** Inserts `count` one-time jobs in bulk: due at `at`, or at random moments between `at` and `until`. */
export async function insertOnceJobs(
  pool: Pool,
  count: number,
  at: Date,
  callbackUrl: string,
  delivery = oneAttempt,
  until = at,
): Promise<void> {
  const { origin, hostname } = new URL(callbackUrl)
  await pool.query(
    `insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
       callback_url, destination, callback_host, timezone, schedule, policies, payload, delivery)
     select gen_random_uuid(), 'once', 'active', 1, at, at, now(), now(), now(), $3, $4, $5, 'UTC',
       jsonb_build_object('type', 'once', 'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
       '{}', '{"n":1}', $7
     from (
       select date_trunc('milliseconds', $2::timestamptz + random() * ($6::timestamptz - $2)) as at
       from generate_series(1, $1)
     ) as due`,
    [count, at, callbackUrl, origin, hostname, until, JSON.stringify(delivery)],
  )
}

/**
 * Creates an interval job whose first occurrence is `start`. Unless told otherwise each of its occurrences is sent,
 * whatever became of the one before.
 */
export async function createIntervalJob(
  pool: Pool,
  job: {
    seconds: number
    start: Date
    end?: Date
    callbackUrl: string
    misfire?: Partial<Misfire>
    overlap?: OverlapPolicy
    delivery?: StoredDelivery
    flowKey?: string
  },
): Promise<string> {
  const { origin, hostname } = new URL(job.callbackUrl)
  const id = newJobId()
  const now = new Date()
  const schedule: IntervalSchedule = {
    type: 'interval',
    every: { seconds: job.seconds },
    anchor: job.start.toISOString().replace('Z', '+00:00'),
    anchorGiven: true,
    ...(job.end && { end: job.end.toISOString().replace('Z', '+00:00') }),
  }
  await createJob(
    pool,
    {
      id,
      type: 'interval',
      nextRunAt: job.start,
      nextScheduledFor: job.start,
      cursorAt: new Date(Math.min(now.getTime(), job.start.getTime() - 1)),
      callbackUrl: job.callbackUrl,
      destination: origin,
      callbackHost: hostname,
      timezone: 'UTC',
      schedule,
      policies: { overlap: job.overlap ?? 'allow', ...(job.misfire && { misfire: job.misfire }) },
      name: null,
      externalId: null,
      tags: [],
      payload: '{"n":1}',
      delivery: job.delivery ?? oneAttempt,
      flowKey: job.flowKey ?? null,
      retention: null,
    },
    now,
  )
  return id
}
