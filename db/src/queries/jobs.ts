import { Problem } from '@scheduler/core/problem'
import { and, eq, isNull } from 'drizzle-orm'
import { createDb, type Db, type PoolClient } from '../client.ts'
import { type JobRow, jobs } from '../schema/jobs.ts'

/** @throws Problem `job-not-found`, for a deleted job too unless `deleted` is set. */
export async function getJob(db: Db, id: string, { deleted = false } = {}): Promise<JobRow> {
  const where = deleted ? eq(jobs.id, id) : and(eq(jobs.id, id), isNull(jobs.deletedAt))
  const [row] = await db.select().from(jobs).where(where)
  if (!row) throw jobNotFound(id)
  return row
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
  return { job, now: await databaseTime(client) }
}

/** The database's time, to the millisecond. */
export async function databaseTime(client: PoolClient): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as now`)
  return rows[0]?.now ?? new Date(Number.NaN)
}

export function jobNotFound(id: string): Problem {
  return new Problem('job-not-found', `There is no job ${JSON.stringify(id)}, or it has been deleted.`)
}
