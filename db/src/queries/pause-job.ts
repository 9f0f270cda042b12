import { Problem } from '@scheduler/core/problem'
import type { Pool } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelPending, changeJob } from './change-job.ts'

/**
 * Pauses a job and cancels what it has pending; a paused one stays as it is. Its cursor stays where it is, so that
 * resume knows what the pause has left out.
 *
 * @throws Problem `job-completed`
 */
export async function pauseJob(
  pool: Pool,
  id: string,
  reason: string | null,
  matches: (version: number) => boolean,
): Promise<JobRow> {
  return await changeJob(
    pool,
    id,
    matches,
    ({ job, now }) => {
      if (job.status === 'paused') return null
      if (job.status === 'completed') {
        throw new Problem(
          'job-completed',
          'The job is completed: nothing is left to pause. Give it a new schedule first.',
        )
      }
      return { status: 'paused', statusReason: reason, pausedAt: now, nextRunAt: null, nextScheduledFor: null }
    },
    (client, job) => cancelPending(client, job, 'paused'),
  )
}
