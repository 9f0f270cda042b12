import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy } from '@scheduler/core/schedule'
import type { Pool, PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelPending, changeJob } from './change-job.ts'

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
  { reason, until, missed }: PauseRequest,
  matches: (version: number) => boolean,
): Promise<JobRow> {
  return await changeJob(
    on,
    id,
    matches,
    ({ job, now }) => {
      const ending = { pausedUntil: until, resumeMissed: until && (missed ?? job.resumeMissed ?? 'skip') }
      if (job.status === 'paused') {
        const isSame =
          until?.getTime() === job.pausedUntil?.getTime() && ending.resumeMissed === (job.resumeMissed ?? null)
        return !until || isSame ? null : { ...ending, statusReason: reason ?? job.statusReason }
      }
      if (job.status === 'completed') {
        throw new Problem(
          'job-completed',
          'The job is completed: nothing is left to pause. Give it a new schedule first.',
        )
      }
      return {
        status: 'paused',
        statusReason: reason,
        pausedAt: now,
        ...ending,
        nextRunAt: null,
        nextScheduledFor: null,
      }
    },
    async (client, job) => {
      await cancelPending(client, job, 'paused')
      if (until) await notifyDue(client, until, job.updatedAt)
    },
  )
}
