import { Problem } from '@scheduler/core/problem'
import { and, arrayContains, desc, eq, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { createDb, type Db, type PoolClient } from '../client.ts'
import { type JobRow, type JobStatus, jobs } from '../schema/jobs.ts'

/** @throws Problem `job-not-found`, for a deleted job too unless `deleted` is set. */
export async function getJob(db: Db, id: string, { deleted = false } = {}): Promise<JobRow> {
  const where = deleted ? eq(jobs.id, id) : and(eq(jobs.id, id), isNull(jobs.deletedAt))
  const [row] = await db.select().from(jobs).where(where)
  if (!row) throw jobNotFound(id)
  return row
}

export interface JobFilters {
  status?: JobStatus | undefined
  type?: JobRow['type'] | undefined
  tag?: string | undefined
  externalId?: string | undefined
  callbackHost?: string | undefined
}

/** Up to `limit` jobs, newest first; those after the job `after` of the same order, which need not exist any more. */
export async function listJobs(
  db: Db,
  filters: JobFilters,
  { limit, after }: { limit: number; after: string | null },
): Promise<JobRow[]> {
  const where: (SQL | undefined)[] = [isNull(jobs.deletedAt)]
  if (after) where.push(lt(jobs.id, after))
  if (filters.status) where.push(eq(jobs.status, filters.status))
  if (filters.type) where.push(eq(jobs.type, filters.type))
  // The second condition is what lets the partial index serve.
  if (filters.tag) where.push(arrayContains(jobs.tags, [filters.tag]), sql`${jobs.tags} <> '{}'`)
  if (filters.externalId) where.push(eq(jobs.externalId, filters.externalId))
  if (filters.callbackHost) where.push(eq(jobs.callbackHost, filters.callbackHost))
  return await db
    .select()
    .from(jobs)
    .where(and(...where))
    .orderBy(desc(jobs.id))
    .limit(limit)
}

/** A job locked until the transaction ends, and the database's time as of then. */
export interface LockedJob {
  job: JobRow
  now: Date
}

/**
 * Locks a job that is not deleted. `matches` says whether the caller still means the version it finds.
 *
 * @throws Problem `job-not-found`, or `stale-version` when the job has changed meanwhile.
 */
export async function lockJob(
  client: PoolClient,
  id: string,
  matches: (version: number) => boolean,
): Promise<LockedJob> {
  const [job] = await createDb(client).select().from(jobs).where(eq(jobs.id, id)).for('update')
  if (!job || job.deletedAt) throw jobNotFound(id)
  if (!matches(job.version)) {
    const detail = `The job is at version ${job.version} now. Read it again, and send its ETag as If-Match.`
    throw new Problem('stale-version', detail, { headers: { etag: `"${job.version}"` } })
  }
  // Asked once the lock is held: what is stamped with it comes after whatever the lock was waited for.
  const { rows } = await client.query<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as now`)
  return { job, now: rows[0]?.now ?? new Date(Number.NaN) }
}

export function jobNotFound(id: string): Problem {
  return new Problem('job-not-found', `There is no job ${JSON.stringify(id)}, or it has been deleted.`)
}
