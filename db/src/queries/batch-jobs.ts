import type { Pool } from '../client.ts'
import type { JobStatus } from '../schema/jobs.ts'

/** The statuses that the jobs of a selection may have. */
export type JobSelection = readonly JobStatus[]

/** Ids of up to `limit` jobs with a tag and one of the statuses, newest first. */
export async function taggedJobs(pool: Pool, tag: string, which: JobSelection, limit: number): Promise<string[]> {
  // The second condition is what lets the partial index serve.
  const { rows } = await pool.query<{ id: string }>(
    `select id from jobs
     where tags @> array[$1] and tags <> '{}' and deleted_at is null and status = any($2::job_status[])
     order by id desc limit $3`,
    [tag, which, limit],
  )
  return rows.map(({ id }) => id)
}
