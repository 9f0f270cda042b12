import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { DELIVERY_QUEUE, type Item, isSound } from '../queue.ts'
import { transaction } from '../transaction.ts'
import { cancelledAs } from './cancelled-as.ts'
import { executionFailed, recordEvents, type SettledFacts } from './events.ts'

/** An item that pg-boss counts as failed; `isSpent`: with its worker it was lost as often as the crash budget allows. */
interface FailedItem extends Pick<Item, 'id' | 'data'> {
  isSpent: boolean
}

type Crashed = SettledFacts & { itemId: string; state: 'failed' | 'cancelled' }

/**
 * Gives up the executions whose items have lost their worker more often than the crash budget allows; what was to be cancelled is.
 * Returns how many have failed by that.
 *
 * A failed item with some of its budget left was failed by no worker's death but by somebody's hand. It is ended, no more: its
 * execution is then one that has lost its item, and no callback is given up that nobody has tried.
 *
 * Waits for nobody: what is being settled at this moment keeps its item, and has its turn in the next pass.
 */
export async function failCrashed(pool: Pool, boss: PgBoss, limit: number): Promise<number> {
  return await transaction(pool, async (client) => {
    const { rows: items } = await client.query<FailedItem>(
      `select id, data, retry_count >= retry_limit as "isSpent" from pgboss.job
       where name = $1 and state = 'failed' limit $2 for update skip locked`,
      [DELIVERY_QUEUE, limit],
    )
    if (items.length === 0) return 0
    const spent = items.filter((it) => it.isSpent && isSound(it))
    const ended = await endExecutions(client, spent)
    const busy = await stillUnfinished(client, spent)
    const over = items.filter(({ id }) => !busy.has(id)).map(({ id }) => id)
    const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
    if (over.length > 0) await boss.deleteJob(DELIVERY_QUEUE, over, { db })
    const crashed = ended.filter(({ state }) => state === 'failed')
    await recordEvents(client, crashed.map(executionFailed))
    return crashed.length
  })
}

const IS_THEIRS = `e.id = i.id and e.scheduled_for = i.scheduled_for and e.item_id = i.item_id and e.finished_at is null
  and e.state in ('queued', 'running') and e.ack_deadline_at is null`

const GIVEN = 'unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as i(id, scheduled_for, item_id)'

const valuesOf = (items: FailedItem[]) => [
  items.map(({ data }) => data.e),
  items.map(({ data }) => new Date(data.s)),
  items.map(({ id }) => id),
]

async function endExecutions(client: PoolClient, items: FailedItem[]): Promise<Crashed[]> {
  if (items.length === 0) return []
  const { rows } = await client.query<Crashed>(
    `with dead as (
       select found.* from ${GIVEN} cross join lateral (
         select e.id, e.scheduled_for from executions e where ${IS_THEIRS} for update skip locked) as found),
     ended as (
       update executions e
       set state = case when e.cancel_requested_at is null then 'failed'::execution_state else 'cancelled' end,
         reason = case when e.cancel_requested_at is null then 'worker_crashed'::execution_reason else ${cancelledAs('e')} end,
         finished_at = now(), dead_at = case when e.cancel_requested_at is null then now() end
       from dead where e.id = dead.id and e.scheduled_for = dead.scheduled_for
       returning e.*),
     abandoned as (
       insert into attempts
         (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
       select id, scheduled_for, attempt, 'abandoned', claimed_at, now(), job_version, claimed_by from ended
       where claimed_at is not null on conflict do nothing)
     select item_id as "itemId", state::text, id as "executionId", job_id as "jobId", kind, job_version as "jobVersion",
       scheduled_for as "scheduledFor", attempt, finished_at as "finishedAt", reason, null as status, null as error
     from ended`,
    valuesOf(items),
  )
  return rows
}

/** The items whose executions somebody else has locked. */
async function stillUnfinished(client: PoolClient, items: FailedItem[]): Promise<Set<string>> {
  if (items.length === 0) return new Set()
  const { rows } = await client.query<{ item_id: string }>(
    `select i.item_id from ${GIVEN} where exists (select from executions e where ${IS_THEIRS})`,
    valuesOf(items),
  )
  return new Set(rows.map((row) => row.item_id))
}
