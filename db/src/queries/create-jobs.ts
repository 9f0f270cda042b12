import type { PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import type { NewJob } from './create-job.ts'

/** Rows a statement inserts at the most: one that takes longer than the client waits would undo all of them. */
const CHUNK = 500

// Tags come as JSON: unnest would flatten an array of arrays, and those are of different lengths.
const insertSql = `
  insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
    callback_url, destination, callback_host, timezone, schedule, policies, name, external_id, tags, payload,
    delivery, flow_key, retention)
  select r.id, r.type, 'active', 1, r.next_run_at, r.next_scheduled_for, r.cursor_at, $1::timestamptz, $1::timestamptz,
    r.callback_url, r.destination, r.callback_host, r.timezone, r.schedule::jsonb, r.policies::jsonb, r.name,
    r.external_id, array(select jsonb_array_elements_text(r.tags::jsonb)), r.payload, r.delivery::jsonb, r.flow_key,
    r.retention::jsonb
  from unnest($2::uuid[], $3::job_type[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::text[], $18::text[], $19::text[])
    as r(id, type, next_run_at, next_scheduled_for, cursor_at, callback_url, destination, callback_host, timezone,
      schedule, policies, name, external_id, tags, payload, delivery, flow_key, retention)`

/**
 * Inserts active jobs in the caller's transaction, many in a statement, and wakes the dispatchers once, on commit, when
 * one of them is due soon.
 */
export async function createJobs(client: PoolClient, jobs: NewJob[], now: Date): Promise<void> {
  let before: Promise<void> | undefined
  for (let from = 0; from < jobs.length; from += CHUNK) {
    // Written out while the database is at the one before; when that fails, so does this one.
    const inserting = insert(client, jobs.slice(from, from + CHUNK), now)
    inserting.catch(() => {})
    await before
    before = inserting
  }
  await before
  const first = jobs.reduce((soonest, job) => Math.min(soonest, job.nextRunAt.getTime()), Number.POSITIVE_INFINITY)
  if (Number.isFinite(first)) await notifyDue(client, new Date(first), now)
}

async function insert(client: PoolClient, jobs: NewJob[], now: Date): Promise<void> {
  await client.query({
    name: 'insert-jobs',
    text: insertSql,
    values: [
      now,
      jobs.map((job) => job.id),
      jobs.map((job) => job.type),
      jobs.map((job) => job.nextRunAt),
      jobs.map((job) => job.nextScheduledFor),
      jobs.map((job) => job.cursorAt),
      jobs.map((job) => job.callbackUrl),
      jobs.map((job) => job.destination),
      jobs.map((job) => job.callbackHost),
      jobs.map((job) => job.timezone),
      jobs.map((job) => JSON.stringify(job.schedule)),
      jobs.map((job) => JSON.stringify(job.policies)),
      jobs.map((job) => job.name),
      jobs.map((job) => job.externalId),
      jobs.map((job) => JSON.stringify(job.tags)),
      jobs.map((job) => job.payload),
      jobs.map((job) => job.delivery && JSON.stringify(job.delivery)),
      jobs.map((job) => job.flowKey),
      jobs.map((job) => job.retention && JSON.stringify(job.retention)),
    ],
  })
}
