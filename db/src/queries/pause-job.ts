import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy } from '@scheduler/core/schedule'
import type { Pool, PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelPending, changeJob, type JobChange } from './change-job.ts'
import { type ChangedJobs, changeJobs } from './change-jobs.ts'

export interface PauseRequest {
  reason: string | null
  /** When it is resumed by itself, and what then becomes of the occurrences of the pause; null: by hand. */
  until: Date | null
  /** Null: as the pause has it, or none. */
  missed: MisfirePolicy | null
}

/**
 * Pauses a job and cancels what it has pending. Its cursor stays where it is, so that resume knows what the pause has left
 * out. A paused one stays as it is, but for an `until` that is given.
 *
 * @throws Problem `job-completed`
 */
export async function pauseJob(
  on: Pool | PoolClient,
  id: string,
  request: PauseRequest,
  matches: (version: number) => boolean,
): Promise<JobRow> {
  return await changeJob(
    on,
    id,
    matches,
    ({ job, now }) => pauseOf(job, now, request),
    async (client, job) => {
      await cancelPending(client, job, 'paused')
      if (request.until) await notifyDue(client, request.until, job.updatedAt)
    },
  )
}

/**
 * Pauses many jobs in one transaction, each as `pauseJob` does.
 *
 * @param requestOf what is asked for of a job; a Problem that it throws is that job's alone
 */
export async function pauseJobs(
  pool: Pool,
  ids: string[],
  requestOf: (job: JobRow) => PauseRequest,
): Promise<ChangedJobs> {
  const ends: number[] = []
  return await changeJobs(pool, ids, {
    cancels: 'paused',
    decide(job, now) {
      const request = requestOf(job)
      const change = pauseOf(job, now, request)
      if (change && request.until) ends.push(request.until.getTime())
      return change
    },
    async after(client, _jobs, now) {
      if (ends.length > 0) await notifyDue(client, new Date(Math.min(...ends)), now)
    },
  })
}

function pauseOf(job: JobRow, now: Date, { reason, until, missed }: PauseRequest): JobChange | null {
  const ending = { pausedUntil: until, resumeMissed: until && (missed ?? job.resumeMissed ?? 'skip') }
  if (job.status === 'paused') {
    const isSame = until?.getTime() === job.pausedUntil?.getTime() && ending.resumeMissed === (job.resumeMissed ?? null)
    return !until || isSame ? null : { ...ending, statusReason: reason ?? job.statusReason }
  }
  if (job.status === 'completed') {
    throw new Problem('job-completed', 'The job is completed: nothing is left to pause. Give it a new schedule first.')
  }
  const cleared = { nextRunAt: null, nextScheduledFor: null }
  return { status: 'paused', statusReason: reason, pausedAt: now, ...ending, ...cleared }
}
