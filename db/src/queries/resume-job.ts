import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy } from '@scheduler/core/schedule'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { notifyDue, notifyWork } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { changeJob, type JobChange } from './change-job.ts'
import { clockColumns } from './dispatch-due.ts'
import { insertLedger } from './insert-ledger.ts'
import { jobStates, taggedBlackouts } from './job-states.ts'
import type { LedgerRow } from './ledger-rows.ts'
import { pauseRows, planPause } from './plan-pause.ts'
import { promote } from './promote.ts'
import { sendAtRate } from './send-at-rate.ts'

export interface ResumeOptions {
  missed: MisfirePolicy
  graceSeconds: number
  /** Executions a second, of those that are sent. */
  perSecond?: number | undefined
  matches: (version: number) => boolean
}

/**
 * Lets a paused or quarantined job make occurrences again. What came due during the pause is sent as `missed` says,
 * whatever its age, at a rate; the rest of it becomes one ledger row, `skipped` for reason `paused`.
 *
 * @throws Problem `job-completed`, or `job-quarantined` when its schedule still can't be computed.
 */
export async function resumeJob(
  on: Pool | PoolClient,
  boss: PgBoss,
  id: string,
  options: ResumeOptions,
): Promise<JobRow> {
  let resumed: Resumed | undefined
  const row = await changeJob(
    on,
    id,
    options.matches,
    async ({ job, now }, client) => {
      if (job.status === 'active') return null
      if (job.status === 'completed') {
        throw new Problem(
          'job-completed',
          'The job is completed: nothing is left to resume. Give it a new schedule first.',
        )
      }
      resumed = await planResume(client, job, now, options)
      return resumed.change
    },
    async (client, job) => {
      if (resumed) await carryOut(client, boss, job, resumed)
    },
  )
  // As a part of a transaction there is nothing to promote yet: the leader sees to it.
  if (!('release' in on) && resumed?.rows.some(({ behind }) => behind)) await promote(on, [id])
  return row
}

/** What a resume does: to the job's row, and to its executions. */
export interface Resumed {
  change: JobChange
  rows: LedgerRow[]
  cancel: boolean
}

/** @throws Problem `job-quarantined` when its schedule still can't be computed. */
export async function planResume(
  client: Pool | PoolClient,
  job: JobRow,
  now: Date,
  { missed, graceSeconds, perSecond }: Omit<ResumeOptions, 'matches'>,
): Promise<Resumed> {
  const state = (await jobStates(client, [job]))(job)
  const blackouts = (await taggedBlackouts(client, [job]))(job)
  const planned = planPause(job, now.getTime(), { missed, graceSeconds, state, blackouts })
  const rows = pauseRows({ ...job, version: job.version + 1 }, planned)
  sendAtRate(rows, now, perSecond)
  const isOver = planned.wakeAt === null
  const change: JobChange = {
    status: isOver ? 'completed' : 'active',
    statusReason: null,
    pausedAt: null,
    pausedUntil: null,
    resumeMissed: null,
    completedAt: isOver ? now : null,
    cursorAt: new Date(planned.cursor),
    runs: planned.runs,
    ...clockColumns(planned),
  }
  return { change, rows, cancel: planned.cancel }
}

async function carryOut(client: PoolClient, boss: PgBoss, job: JobRow, { rows, cancel }: Resumed): Promise<void> {
  if (cancel) await cancelUnfinished(client, [job.id], job.updatedAt)
  if ((await insertLedger(client, boss, rows, job.updatedAt)) > 0) await notifyWork(client)
  if (rows.some(({ state }) => state === 'waiting')) await notifyDue(client, job.updatedAt, job.updatedAt)
}
