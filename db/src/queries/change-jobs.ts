import { setImmediate as nextTurn } from 'node:timers/promises'
import { Problem } from '@scheduler/core/problem'
import { asc, inArray } from 'drizzle-orm'
import { createDb, type Pool, type PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import { type JobRow, jobs } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { type JobChange, SENDING_MS, sendingMs } from './change-job.ts'
import { recordVersions } from './job-versions.ts'
import { databaseTime, jobNotFound } from './jobs.ts'
import { lookUpOneByOne } from './look-up.ts'

/** What became of jobs that were changed together. */
export interface ChangedJobs {
  /** Null for one that is as it was asked for, or why it is not. One that somebody else held is not among them, and untouched. */
  results: Map<string, Problem | null>
  /** How long the answer must wait yet, ms: see `waitForSending`. */
  sendingMs: number
}

/** What is done with each job of a change of many. */
interface ManyChange {
  /** What those that are not in flight are cancelled for; null leaves them. */
  cancels: 'deleted' | 'paused' | null
  /** Reads what `decide` has to know, in as many statements as for one job. */
  prepare?(client: PoolClient, jobs: JobRow[]): Promise<void>
  /** What to change of a locked job, or null to leave it as it is. A Problem that it throws is that job's result. */
  decide(job: JobRow, now: Date): JobChange | null
  /** Before those that are changed are. */
  before?(client: PoolClient, jobs: JobRow[], now: Date): Promise<void>
  /** After those that are changed are, and what they had pending is cancelled. */
  after?(client: PoolClient, jobs: JobRow[], now: Date): Promise<void>
}

/**
 * Changes many jobs in one transaction, each as `changeJob` does. Lets others have their turn between jobs.
 *
 * Their rows are locked in order of id, before any of their executions. A row that somebody else holds is passed over: to
 * wait for it would keep all the others locked as long.
 *
 * @param ids in lower case, each once
 */
export async function changeJobs(
  pool: Pool,
  ids: string[],
  { cancels, prepare, decide, before, after }: ManyChange,
): Promise<ChangedJobs> {
  const results: ChangedJobs['results'] = new Map()
  await transaction(pool, async (client) => {
    const found = await createDb(client)
      .select()
      .from(jobs)
      .where(inArray(jobs.id, ids))
      .orderBy(asc(jobs.id))
      .for('update', { skipLocked: true })
    // Asked once the locks are held, see `lockJob`.
    const now = await databaseTime(client)
    const live = found.filter((job) => !job.deletedAt)
    await prepare?.(client, live)
    const changed: { job: JobRow; change: JobChange }[] = []
    for (const job of live) {
      const change = decided(() => decide(job, now))
      results.set(job.id, change instanceof Problem ? change : null)
      if (change && !(change instanceof Problem)) changed.push({ job, change })
      await nextTurn()
    }
    await refuseUnknown(client, ids, results)
    if (changed.length === 0) return
    const old = changed.map(({ job }) => job)
    const changing = old.map(({ id }) => id)
    const rows = changed.map(({ job, change }) => ({ ...job, ...change }))
    await before?.(client, old, now)
    await recordVersions(client, changing, now)
    await write(client, rows, now)
    // A statement of its own, and after the jobs': see `changeJob`.
    if (cancels) await cancelPendingOf(client, changing, cancels, now)
    await after?.(client, old, now)
    // Sent on commit.
    const soonest = Math.min(...rows.flatMap(({ nextRunAt }) => nextRunAt?.getTime() ?? []))
    if (Number.isFinite(soonest)) await notifyDue(client, new Date(soonest), now)
  })
  const done = [...results].filter(([, result]) => result === null).map(([id]) => id)
  if (done.length === 0) return { results, sendingMs: 0 }
  // It is committed: a database that does not say how long that is must not make it look as if nothing had been done.
  return { results, sendingMs: await sendingMs(pool, done).catch(() => SENDING_MS) }
}

function decided(decide: () => JobChange | null): JobChange | Problem | null {
  try {
    return decide()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

/** A job that is not there, or deleted, is told from one that somebody holds. */
async function refuseUnknown(client: PoolClient, ids: string[], results: ChangedJobs['results']): Promise<void> {
  const missing = ids.filter((id) => !results.has(id))
  if (missing.length === 0) return
  const { rows } = await client.query<{ id: string }>(
    'select id from jobs where id = any($1::uuid[]) and deleted_at is null',
    [missing],
  )
  const held = new Set(rows.map(({ id }) => id))
  for (const id of missing) if (!held.has(id)) results.set(id, jobNotFound(id))
}

/** Writes what a pause, a resume or a delete may change. */
async function write(client: PoolClient, rows: JobRow[], now: Date): Promise<void> {
  await client.query({
    name: 'change-jobs',
    text: `
      update jobs j set status = r.status, status_reason = r.status_reason, paused_at = r.paused_at,
        paused_until = r.paused_until, resume_missed = r.resume_missed, deleted_at = r.deleted_at,
        next_run_at = r.next_run_at, next_scheduled_for = r.next_scheduled_for, cursor_at = r.cursor_at, runs = r.runs,
        completed_at = r.completed_at, version = j.version + 1, updated_at = $1
      from unnest($2::uuid[], $3::job_status[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[],
          $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::int[], $13::timestamptz[])
        as r(id, status, status_reason, paused_at, paused_until, resume_missed, deleted_at, next_run_at,
          next_scheduled_for, cursor_at, runs, completed_at)
      where j.id = r.id`,
    values: [
      now,
      rows.map((row) => row.id),
      rows.map((row) => row.status),
      rows.map((row) => row.statusReason),
      rows.map((row) => row.pausedAt),
      rows.map((row) => row.pausedUntil),
      rows.map((row) => row.resumeMissed),
      rows.map((row) => row.deletedAt),
      rows.map((row) => row.nextRunAt),
      rows.map((row) => row.nextScheduledFor),
      rows.map((row) => row.cursorAt),
      rows.map((row) => row.runs),
      rows.map((row) => row.completedAt),
    ],
  })
}

/**
 * Cancels what is not in flight. The rows are locked in order of id, as claims and settles lock theirs; one that a claim had
 * is in flight once that is over, and left alone.
 */
async function cancelPendingOf(client: PoolClient, ids: string[], reason: string, now: Date): Promise<void> {
  await lookUpOneByOne(client)
  await client.query({
    name: 'cancel-pending-of-jobs',
    text: `
      with pending as materialized (
        select id, scheduled_for from executions
        where job_id = any($1::uuid[]) and finished_at is null and state in ('queued', 'waiting', 'parked')
        order by id for update)
      update executions e set state = 'cancelled', reason = $2::execution_reason, finished_at = $3,
        next_attempt_at = null, behind = false
      from pending as p where e.id = p.id and e.scheduled_for = p.scheduled_for`,
    values: [ids, reason, now],
  })
}
