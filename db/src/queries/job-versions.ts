import { and, desc, eq, gt, lte } from 'drizzle-orm'
import { createDb, type Db, type PoolClient } from '../client.ts'
import { type JobVersionRow, jobVersions } from '../schema/job-versions.ts'
import type { JobRow } from '../schema/jobs.ts'

/** For a statement that writes down a job's present version, as of `now()`, before it changes the row. */
export const VERSION_COLUMNS =
  'job_id, version, valid_from, valid_to, status, status_reason, callback_url, timezone, schedule, policies, tags'
export const VERSION_VALUES =
  'id, version, updated_at, now(), status, status_reason, callback_url, timezone, schedule, policies, tags'

/** Writes down what a job is, before it is changed at `now`. */
export async function recordVersion(client: PoolClient, job: JobRow, now: Date): Promise<void> {
  await createDb(client)
    .insert(jobVersions)
    .values({
      jobId: job.id,
      version: job.version,
      validFrom: job.updatedAt,
      validTo: now,
      status: job.status,
      statusReason: job.statusReason,
      callbackUrl: job.callbackUrl,
      timezone: job.timezone,
      schedule: job.schedule,
      policies: job.policies,
      tags: job.tags,
    })
    .onConflictDoNothing()
}

/** Writes down what many jobs are, before they are changed at `now`. */
export async function recordVersions(client: PoolClient, ids: string[], now: Date): Promise<void> {
  await client.query({
    name: 'record-versions',
    text: `
      insert into job_versions (${VERSION_COLUMNS})
      select id, version, updated_at, $2, status, status_reason, callback_url, timezone, schedule, policies, tags
      from jobs where id = any($1::uuid[]) on conflict do nothing`,
    values: [ids, now],
  })
}

/** What a job was at an instant before its present version; null when there was no such version, or it is pruned. */
export async function versionAt(db: Db, jobId: string, at: Date): Promise<JobVersionRow | null> {
  const [row] = await db
    .select()
    .from(jobVersions)
    .where(and(eq(jobVersions.jobId, jobId), lte(jobVersions.validFrom, at), gt(jobVersions.validTo, at)))
    .orderBy(desc(jobVersions.version))
    .limit(1)
  return row ?? null
}

/** A version of a job by its number; null for the present one, and for one that is pruned. */
export async function versionOf(db: Db, jobId: string, version: number): Promise<JobVersionRow | null> {
  const [row] = await db
    .select()
    .from(jobVersions)
    .where(and(eq(jobVersions.jobId, jobId), eq(jobVersions.version, version)))
  return row ?? null
}
