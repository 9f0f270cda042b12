import type { Pool, PoolClient } from '../client.ts'
import { cancelPending, changeJob } from './change-job.ts'
import { recordDue } from './record-due.ts'

/** Deletes a job: it is invisible from now on, and what it had pending is cancelled. Its ledger stays. */
export async function deleteJob(
  on: Pool | PoolClient,
  id: string,
  matches: (version: number) => boolean,
  graceSeconds = 900,
): Promise<void> {
  await changeJob(
    on,
    id,
    matches,
    async ({ job, now }, client) => {
      await recordDue(client, job, now, { graceSeconds, send: false })
      return { deletedAt: now, nextRunAt: null, nextScheduledFor: null, pausedUntil: null }
    },
    (client, job) => cancelPending(client, job, 'deleted'),
  )
}
