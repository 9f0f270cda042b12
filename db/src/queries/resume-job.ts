import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy } from '@scheduler/core/schedule'
import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { notifyWork } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { changeJob } from './change-job.ts'
import { insertLedger } from './insert-ledger.ts'
import type { LedgerRow } from './ledger-rows.ts'
import { pauseRows, planPause } from './plan-pause.ts'

/**
 * Lets a paused or quarantined job make occurrences again. What came due during the pause is sent as `missed` says,
 * whatever its age; the rest of it becomes one ledger row, `skipped` for reason `paused`.
 *
 * @throws Problem `job-completed`, or `job-quarantined` when its schedule still can't be computed.
 */
export async function resumeJob(
  pool: Pool,
  boss: PgBoss,
  id: string,
  options: { missed: MisfirePolicy; graceSeconds: number; matches: (version: number) => boolean },
): Promise<JobRow> {
  let rows: LedgerRow[] = []
  return await changeJob(
    pool,
    id,
    options.matches,
    ({ job, now }) => {
      if (job.status === 'active') return null
      if (job.status === 'completed') {
        throw new Problem(
          'job-completed',
          'The job is completed: nothing is left to resume. Give it a new schedule first.',
        )
      }
      const { send, skipped, cursor, next } = planPause(job, now.getTime(), options)
      rows = pauseRows({ ...job, version: job.version + 1 }, send, skipped)
      return {
        status: next ? 'active' : 'completed',
        statusReason: null,
        pausedAt: null,
        completedAt: next ? null : now,
        cursorAt: new Date(cursor),
        nextRunAt: next && new Date(next.effective),
        nextScheduledFor: next && new Date(next.nominal),
      }
    },
    async (client, job) => {
      if ((await insertLedger(client, boss, rows, job.updatedAt)) > 0) await notifyWork(client)
    },
  )
}
