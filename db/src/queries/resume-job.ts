import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy } from '@scheduler/core/schedule'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { notifyDue, notifyWork } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { changeJob, type JobChange } from './change-job.ts'
import { type ChangedJobs, changeJobs } from './change-jobs.ts'
import { insertLedger } from './insert-ledger.ts'
import { jobStates, taggedBlackouts } from './job-states.ts'
import type { LedgerRow } from './ledger-rows.ts'
import { clockColumns } from './move-clocks.ts'
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
      if (!isToResume(job)) return null
      resumed = await planResume(client, job, now, options)
      return resumed.change
    },
    async (client, job) => {
      if (resumed) await carryOut(client, boss, [{ id: job.id, ...resumed }], job.updatedAt)
    },
  )
  // As a part of a transaction there is nothing to promote yet: the leader sees to it.
  if (!('release' in on) && resumed?.rows.some(({ behind }) => behind)) await promote(on, [id])
  return row
}

/** Resumes many jobs in one transaction, each as `resumeJob` does. */
export async function resumeJobs(
  pool: Pool,
  boss: PgBoss,
  ids: string[],
  options: Omit<ResumeOptions, 'matches'>,
): Promise<ChangedJobs> {
  const resumed: ({ id: string } & Resumed)[] = []
  let known: Known | undefined
  const done = await changeJobs(pool, ids, {
    cancels: null,
    async prepare(client, jobs) {
      known = await knownOf(client, jobs)
    },
    decide(job, now) {
      if (!known || !isToResume(job)) return null
      const it = resumeOf(job, now, options, known)
      resumed.push({ id: job.id, ...it })
      return it.change
    },
    after: (client, _jobs, now) => carryOut(client, boss, resumed, now),
  })
  const behind = resumed.filter(({ rows }) => rows.some((row) => row.behind)).map(({ id }) => id)
  if (behind.length > 0) await promote(pool, behind)
  return done
}

/** @throws Problem `job-completed` */
function isToResume({ status }: JobRow): boolean {
  if (status !== 'completed') return status !== 'active'
  throw new Problem('job-completed', 'The job is completed: nothing is left to resume. Give it a new schedule first.')
}

/** What has to be known of jobs, besides their rows, to plan what comes of their pauses. */
interface Known {
  state: Awaited<ReturnType<typeof jobStates>>
  blackouts: Awaited<ReturnType<typeof taggedBlackouts>>
}

async function knownOf(client: Pool | PoolClient, jobs: JobRow[]): Promise<Known> {
  return { state: await jobStates(client, jobs), blackouts: await taggedBlackouts(client, jobs) }
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
  options: Omit<ResumeOptions, 'matches'>,
): Promise<Resumed> {
  return resumeOf(job, now, options, await knownOf(client, [job]))
}

function resumeOf(
  job: JobRow,
  now: Date,
  { missed, graceSeconds, perSecond }: Omit<ResumeOptions, 'matches'>,
  { state, blackouts }: Known,
): Resumed {
  const known = { state: state(job), blackouts: blackouts(job) }
  const planned = planPause(job, now.getTime(), { missed, graceSeconds, ...known })
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

async function carryOut(
  client: PoolClient,
  boss: PgBoss,
  resumed: ({ id: string } & Resumed)[],
  now: Date,
): Promise<void> {
  await cancelUnfinished(
    client,
    resumed.filter(({ cancel }) => cancel).map(({ id }) => id),
    now,
  )
  const rows = resumed.flatMap((it) => it.rows)
  if ((await insertLedger(client, boss, rows, now)).items > 0) await notifyWork(client)
  if (rows.some(({ state }) => state === 'waiting')) await notifyDue(client, now, now)
}
