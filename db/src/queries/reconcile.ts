import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { DELIVERY_QUEUE, enqueue } from '../queue.ts'
import { transaction } from '../transaction.ts'
import { cancelledAs } from './cancelled-as.ts'
import { executionFailed, recordEvents, type SettledFacts } from './events.ts'

/** What a reconciliation found and repaired; in a healthy system every count is 0. */
export interface Reconciled {
  /** Executions that nothing would ever have carried out, now in the queue again, or about to be. */
  requeued: number
  /** Executions given up because their attempts killed too many workers. */
  crashed: number
  /** Jobs that are due and that nobody dispatches; a symptom, not repaired here. */
  overdue: number
}

/** How many executions one pass repairs at the most; the next pass goes on. */
const BATCH = 1_000

/** How long a job may be due before it is worth a warning, seconds. */
const OVERDUE_SECONDS = 10

/**
 * Finds what breaks "every execution that isn't final is on its way" and repairs it.
 *
 * The two tables are compared in one statement, hence in one snapshot: an execution and its item always change in one
 * transaction, so any difference is damage. Items without a live execution need no repair: whoever claims one ends it.
 * It reads pg-boss's table, which has no call for this, and changes it through pg-boss only.
 */
export async function reconcile(pool: Pool, boss: PgBoss): Promise<Reconciled> {
  const crashed = await failCrashed(pool, boss)
  const requeued = (await requeueLost(pool, boss)) + (await releaseStranded(pool))
  const { rows } = await pool.query<{ overdue: number }>(
    `select count(*)::int as overdue from (
       select from jobs where next_run_at < now() - make_interval(secs => $1) limit 10000) as late`,
    [OVERDUE_SECONDS],
  )
  return { requeued, crashed, overdue: rows[0]?.overdue ?? 0 }
}

async function requeueLost(pool: Pool, boss: PgBoss): Promise<number> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; scheduled_for: Date; item_id: string }>(
      `with lost as (
         select e.id, e.scheduled_for from executions e
         where e.finished_at is null and e.state in ('queued', 'running') and e.ack_deadline_at is null and not exists (
           select from pgboss.job j where j.name = $1 and j.id = e.item_id and j.state in ('created', 'retry', 'active', 'failed'))
         limit $2 for update of e skip locked)
       -- One that is running stays so: whoever claims the new item finds its attempt abandoned, and says so.
       update executions e set item_id = gen_random_uuid()
       from lost where e.id = lost.id and e.scheduled_for = lost.scheduled_for
       returning e.id, e.scheduled_for, e.item_id`,
      [DELIVERY_QUEUE, BATCH],
    )
    await enqueue(
      boss,
      client,
      rows.map((row) => ({ id: row.item_id, data: { e: row.id, s: row.scheduled_for.getTime() } })),
    )
    return rows.length
  })
}

/** What is parked for the limit of a flow that has none waits again, due at once: nobody looks after it there. */
async function releaseStranded(pool: Pool): Promise<number> {
  const limitOf = (kind: string, flow: string) =>
    `not exists (select from flow_limits l where l.kind = '${kind}' and l.flow = ${flow})`
  const { rowCount } = await pool.query(
    `with stranded as (
       select e.id, e.scheduled_for from executions e
       where e.next_attempt_at is not null and e.reason in ('destination_limited', 'key_limited') and (
         e.reason = 'destination_limited' and ${limitOf('destination', 'e.destination')}
         or e.reason = 'key_limited' and ${limitOf('key', 'e.flow_key')})
       limit $1 for update of e skip locked)
     update executions e set state = 'waiting', reason = null, next_attempt_at = now()
     from stranded where e.id = stranded.id and e.scheduled_for = stranded.scheduled_for`,
    [BATCH],
  )
  return rowCount ?? 0
}

type Crashed = SettledFacts & { itemId: string }
type Dead = Crashed | { itemId: string; executionId: null }

/** An item that pg-boss failed has lost its worker more often than the crash budget allows. What was to be cancelled is. */
async function failCrashed(pool: Pool, boss: PgBoss): Promise<number> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<Dead>(
      `with dead as (
         select id from pgboss.job where name = $1 and state = 'failed' limit $2),
       failed as (
         update executions e
         set state = case when e.cancel_requested_at is null then 'failed'::execution_state else 'cancelled' end,
           reason = case when e.cancel_requested_at is null then 'worker_crashed'::execution_reason else ${cancelledAs('e')} end,
           finished_at = now(), dead_at = case when e.cancel_requested_at is null then now() end
         from dead where e.item_id = dead.id and e.finished_at is null and e.state in ('queued', 'running')
           and e.ack_deadline_at is null
         returning e.*),
       abandoned as (
         insert into attempts
           (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
         select id, scheduled_for, attempt, 'abandoned', claimed_at, now(), job_version, claimed_by from failed
         where claimed_at is not null on conflict do nothing)
       select dead.id as "itemId", failed.id as "executionId", failed.job_id as "jobId", failed.kind,
         failed.job_version as "jobVersion", failed.scheduled_for as "scheduledFor", failed.attempt,
         failed.finished_at as "finishedAt", failed.reason, null as status, null as error
       from dead left join failed on failed.item_id = dead.id and failed.state = 'failed'`,
      [DELIVERY_QUEUE, BATCH],
    )
    if (rows.length === 0) return 0
    const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
    await boss.deleteJob(
      DELIVERY_QUEUE,
      rows.map((row) => row.itemId),
      { db },
    )
    const crashed = rows.filter((row): row is Crashed => row.executionId !== null)
    await recordEvents(client, crashed.map(executionFailed))
    return crashed.length
  })
}
