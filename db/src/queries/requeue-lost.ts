import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { DELIVERY_QUEUE, enqueue } from '../queue.ts'
import { transaction } from '../transaction.ts'
import { WORKER_ALIVE_SECONDS } from './workers.ts'

/** No attempt lasts longer: its 15 minutes at the most, and what is left of a second try to write its outcome. */
const LONGEST_ATTEMPT_SECONDS = 16 * 60

/** SQL: whether the execution `e` is to have an item, and none carries it. */
export const HAS_NO_ITEM = `e.finished_at is null and e.state in ('queued', 'running') and e.ack_deadline_at is null
  and not exists (
    select from pgboss.job j where j.name = '${DELIVERY_QUEUE}' and j.id = e.item_id
      and (j.state in ('created', 'retry', 'active') or j.state = 'failed' and j.retry_count >= j.retry_limit))`

/**
 * SQL: whether the worker that has the attempt of the execution `e` in flight is there to see to it. It finds out within
 * seconds that its item is gone, breaks the attempt off and writes that down; or it has its outcome already and is about to.
 */
const IS_IN_HAND = `e.state = 'running' and e.claimed_at > now() - interval '${LONGEST_ATTEMPT_SECONDS} seconds' and exists (
  select from workers w
  where w.id = e.claimed_by and w.heartbeat_at > now() - interval '${WORKER_ALIVE_SECONDS} seconds')`

/**
 * Puts executions that have lost their items into the queue again; returns how many.
 *
 * The two tables are compared in one statement, hence in one snapshot: an execution and its item always change in one
 * transaction, so any difference is damage. What changed since that snapshot is locked, or is looked at anew once it is. What a
 * worker that lives has in flight is left to it: queued again, it would be sent a second time beside the first.
 */
export async function requeueLost(pool: Pool, boss: PgBoss, limit: number): Promise<number> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; scheduled_for: Date; item_id: string }>(
      `with lost as (
         select e.id, e.scheduled_for from executions e
         where ${HAS_NO_ITEM} and not (${IS_IN_HAND})
         limit $1 for update of e skip locked)
       -- One that is running stays so: whoever claims the new item finds its attempt abandoned, and says so.
       update executions e set item_id = gen_random_uuid()
       from lost where e.id = lost.id and e.scheduled_for = lost.scheduled_for
       returning e.id, e.scheduled_for, e.item_id`,
      [limit],
    )
    await enqueue(
      boss,
      client,
      rows.map((row) => ({ id: row.item_id, data: { e: row.id, s: row.scheduled_for.getTime() } })),
    )
    return rows.length
  })
}
