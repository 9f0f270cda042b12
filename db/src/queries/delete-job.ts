import type { Pool, PoolClient } from '../client.ts'
import { cancelPending, changeJob, type JobChange } from './change-job.ts'
import { type ChangedJobs, changeJobs } from './change-jobs.ts'
import { recordAllDue, recordDue } from './record-due.ts'

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
      return deletion(now)
    },
    (client, job) => cancelPending(client, job, 'deleted'),
  )
}

/** Deletes many jobs in one transaction, each as `deleteJob` does. */
export async function deleteJobs(pool: Pool, ids: string[], graceSeconds: number): Promise<ChangedJobs> {
  return await changeJobs(pool, ids, {
    cancels: 'deleted',
    decide: (_job, now) => deletion(now),
    before: (client, jobs, now) => recordAllDue(client, jobs, now, graceSeconds),
  })
}

const deletion = (now: Date): JobChange => ({
  deletedAt: now,
  nextRunAt: null,
  nextScheduledFor: null,
  pausedUntil: null,
})
