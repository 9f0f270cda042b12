import type { MisfirePolicy } from '@scheduler/core/schedule'
import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { isDataError, quarantine } from './quarantine-job.ts'
import { resumeJob } from './resume-job.ts'

/** Jobs that one call resumes, at the most; the next goes on. */
const BATCH = 50

export interface ResumedDue {
  resumed: string[]
  /** Jobs whose schedule can't be computed any more. */
  quarantined: { jobId: string; reason: string }[]
  /** The first error of those that may be over at the next call; the jobs concerned stay as they are. */
  failed?: unknown
}

/** Resumes the jobs whose pause has come to its end, as each pause said. Any number of callers may run at once. */
export async function resumeDue(pool: Pool, boss: PgBoss, graceSeconds: number): Promise<ResumedDue> {
  const { rows } = await pool.query<{ id: string; version: number; isPaused: boolean; missed: MisfirePolicy | null }>({
    name: 'pauses-that-end',
    // By the end of the pause alone, whatever the number of paused jobs.
    text: `select id, version, resume_missed as missed, status = 'paused' and deleted_at is null as "isPaused"
      from jobs where paused_until <= now() order by paused_until limit $1`,
    values: [BATCH],
  })
  const done: ResumedDue = { resumed: [], quarantined: [] }
  // A version before this one may have resumed or deleted a job, and knows of no end of its pause.
  const stale = rows.filter(({ isPaused }) => !isPaused).map(({ id }) => id)
  if (stale.length > 0) await forget(pool, stale)
  for (const { id, version, missed } of rows.filter(({ isPaused }) => isPaused)) {
    try {
      // Of several workers that see it one resumes it; whoever resumed or paused it anew has changed its version.
      const matches = (found: number) => found === version
      await resumeJob(pool, boss, id, { missed: missed ?? 'skip', graceSeconds, matches })
      done.resumed.push(id)
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (code === 'stale-version' || code === 'job-not-found') continue
      // A row that the database refuses must not keep the others from being resumed.
      if (code !== 'job-quarantined' && !isDataError(error)) {
        done.failed ??= error
        continue
      }
      const reason = isDataError(error) ? 'The database refused what its pause left out.' : (error as Error).message
      await quarantine(pool, id, reason)
      done.quarantined.push({ jobId: id, reason })
    }
  }
  return done
}

async function forget(pool: Pool, ids: string[]): Promise<void> {
  await pool.query(
    `update jobs set paused_until = null
     where id = any($1::uuid[]) and paused_until <= now() and (status <> 'paused' or deleted_at is not null)`,
    [ids],
  )
}
