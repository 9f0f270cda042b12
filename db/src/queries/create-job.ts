import type { StoredDelivery } from '@scheduler/core/delivery'
import type { Retention } from '@scheduler/core/retention'
import type { Schedule } from '@scheduler/core/schedule'
import type { Pool, PoolClient } from '../client.ts'
import { newId } from '../new-id.ts'
import { notifyDue } from '../notify.ts'
import type { JobRow, StoredPolicies } from '../schema/jobs.ts'

/** What a job's row holds that is not derived from the moment of its creation. */
export interface NewJob {
  id: string
  type: JobRow['type']
  nextRunAt: Date
  nextScheduledFor: Date
  cursorAt: Date
  callbackUrl: string
  destination: string
  callbackHost: string
  timezone: string
  schedule: Schedule
  policies: StoredPolicies
  name: string | null
  externalId: string | null
  tags: string[]
  payload: string
  delivery: StoredDelivery | null
  flowKey: string | null
  retention: Retention | null
}

/** An id for a new job; the planner wants it before the row is written. */
export const newJobId = (): string => newId()

// Written out and prepared once per connection: a bare express with zod and the query builder's insert takes 0.5 to 0.7 ms
// of CPU for a create, the whole API with this one 0.4 to 0.55.
const insertSql = `
  insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
    callback_url, destination, callback_host, timezone, schedule, policies, name, external_id, tags, payload,
    delivery, flow_key, retention)
  values ($1, $2, 'active', 1, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`

/** Inserts an active job, in one statement, and wakes the dispatchers when it is due soon. Returns its row. */
export async function createJob(client: Pool | PoolClient, job: NewJob, now: Date): Promise<JobRow> {
  await client.query({
    name: 'insert-job',
    text: insertSql,
    values: [
      job.id,
      job.type,
      job.nextRunAt,
      job.nextScheduledFor,
      job.cursorAt,
      now,
      job.callbackUrl,
      job.destination,
      job.callbackHost,
      job.timezone,
      JSON.stringify(job.schedule),
      JSON.stringify(job.policies),
      job.name,
      job.externalId,
      job.tags,
      job.payload,
      job.delivery && JSON.stringify(job.delivery),
      job.flowKey,
      job.retention && JSON.stringify(job.retention),
    ],
  })
  await notifyDue(client, job.nextRunAt, now)
  return rowOf(job, now)
}

/** The row of a job that is created at `now`. */
export function rowOf(job: NewJob, now: Date): JobRow {
  return {
    ...job,
    status: 'active',
    statusReason: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
    runs: 0,
    failedInRow: 0,
    pausedAt: null,
    pausedUntil: null,
    resumeMissed: null,
    completedAt: null,
    deletedAt: null,
  }
}
