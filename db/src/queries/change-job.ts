import { setTimeout as wait } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { createDb, type Pool, type PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import { type JobRow, jobs } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { recordVersion } from './job-versions.ts'
import { type LockedJob, lockJob } from './jobs.ts'

/** What a caller may still change about a job: everything but its identity. */
export type JobChange = Partial<Omit<JobRow, 'id' | 'type' | 'createdAt' | 'version' | 'updatedAt'>>

/** How long after its claim an attempt's request may not be on the wire yet. */
export const SENDING_MS = 250

/**
 * Changes one job in one transaction. `decide` gets the locked row and the database's time, and returns what to change,
 * or null to leave all as it is; `after` is the second statement, about the job's executions.
 *
 * The two must be two statements. A claim locks its execution first and reads the job after: with the job changed
 * first, either the claim sees the change, or the second statement waits for the claim and finds its attempt in flight.
 * As one statement with a CTE both halves see one snapshot, and a claim can slip in between.
 *
 * Returns only once what was claimed before is on the wire, so that no request begins after the answer. Given a client in
 * a transaction it becomes a part of that, and leaves this to its caller (`waitForSending`, after the commit).
 */
export async function changeJob(
  on: Pool | PoolClient,
  id: string,
  matches: (version: number) => boolean,
  decide: (locked: LockedJob, client: PoolClient) => JobChange | null | Promise<JobChange | null>,
  after: (client: PoolClient, job: JobRow) => Promise<void>,
): Promise<JobRow> {
  const { row, changed } = await transaction(on, async (client) => {
    const locked = await lockJob(client, id, matches)
    const change = await decide(locked, client)
    if (!change) return { row: locked.job, changed: false }
    await recordVersion(client, locked.job, locked.now)
    const [updated = locked.job] = await createDb(client)
      .update(jobs)
      .set({ ...change, version: locked.job.version + 1, updatedAt: locked.now })
      .where(eq(jobs.id, id))
      .returning()
    await after(client, updated)
    // Sent on commit.
    if (updated.nextRunAt) await notifyDue(client, updated.nextRunAt, locked.now)
    return { row: updated, changed: true }
  })
  // Of a job that was paused already, what was claimed just before that pause may be on its way still.
  if ((changed || row.status === 'paused') && !('release' in on)) await waitForSending(on, id)
  return row
}

/** Cancels what is not in flight. A step of its own, see `changeJob`. */
export async function cancelPending(client: PoolClient, job: JobRow, reason: 'deleted' | 'paused'): Promise<void> {
  await client.query(
    `update executions set state = 'cancelled', reason = $2, finished_at = $3, next_attempt_at = null, behind = false
     where job_id = $1 and finished_at is null and state in ('queued', 'waiting', 'parked')`,
    [job.id, reason, job.updatedAt],
  )
}

/**
 * Moves what is not in flight to the job's destination and flow key; locks those rows even when they are the same, see
 * `changeJob`. What the limit of another flow kept back is no concern of that flow any more: it waits, due at once, and is
 * parked anew should its new flow be limited.
 */
export async function redirectPending(client: PoolClient, job: JobRow): Promise<void> {
  const { rows } = await client.query<{ released: boolean | null; now: Date }>(
    `with moved as (
       update executions set destination = $2, flow_key = $3,
         state = case when ${LEAVES} then 'waiting' else state end,
         reason = case when ${LEAVES} then null else reason end,
         next_attempt_at = case when ${LEAVES} then now() else next_attempt_at end
       where job_id = $1 and finished_at is null and state in ('queued', 'waiting', 'parked')
       returning state = 'waiting' and next_attempt_at = now() as released)
     select bool_or(released) as released, now() as now from moved`,
    [job.id, job.destination, job.flowKey],
  )
  for (const { released, now } of rows) if (released) await notifyDue(client, now, now)
}

/** That an execution is parked for the limit of a flow that its job has left. */
const LEAVES = `(state = 'parked' and reason in ('destination_limited', 'key_limited')
  and (destination, flow_key) is distinct from ($2, $3))`

/**
 * Waits out the time in which an attempt is claimed but may not have been sent: it was in flight before the change, and
 * its request must not reach the receiver long after the client was told that the job is deleted, paused or edited.
 */
export async function waitForSending(pool: Pool, jobId: string): Promise<void> {
  const ms = await sendingMs(pool, [jobId])
  if (ms > 0) await wait(ms)
}

/** How much of that time is left for any of these jobs, ms. */
export async function sendingMs(pool: Pool, jobIds: string[]): Promise<number> {
  const { rows } = await pool.query<{ ms: number | null }>(
    `select extract(epoch from now() - max(claimed_at))::float8 * 1000 as ms
     from executions where job_id = any($1::uuid[]) and finished_at is null and state = 'running'`,
    [jobIds],
  )
  const since = rows[0]?.ms ?? SENDING_MS
  return since < SENDING_MS ? SENDING_MS - Math.max(0, since) : 0
}
