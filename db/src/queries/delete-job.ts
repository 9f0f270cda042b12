import type { Pool } from '../client.ts'
import { cancelPending, changeJob } from './change-job.ts'

/** Deletes a job: it is invisible from now on, and what it had pending is cancelled. Its ledger stays. */
export async function deleteJob(pool: Pool, id: string, matches: (version: number) => boolean): Promise<void> {
  await changeJob(
    pool,
    id,
    matches,
    ({ now }) => ({ deletedAt: now, nextRunAt: null, nextScheduledFor: null }),
    (client, job) => cancelPending(client, job, 'deleted'),
  )
}
