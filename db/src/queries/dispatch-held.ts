import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { enqueue } from '../queue.ts'
import { IS_WAITING } from '../schema/executions.ts'
import { transaction } from '../transaction.ts'
import type { Park } from './begin-attempts.ts'

/** Waiting executions whose time has come, soonest first. */
const dueSql = `
  select id, scheduled_for from executions where next_attempt_at <= now() and ${IS_WAITING}
  order by next_attempt_at limit $1 for update skip locked`

/** Executions of one destination that were parked for one reason, the oldest occurrence first; `$4`: also before they are due. */
const parkedSql = `
  select id, scheduled_for from executions
  where next_attempt_at is not null and reason = $2 and destination = $3 and ($4 or next_attempt_at <= now())
  order by scheduled_for, id limit $1 for update skip locked`

const releaseSql = (selection: string) => `
  with held as (${selection})
  update executions e set state = 'queued', reason = null, next_attempt_at = null, item_id = gen_random_uuid()
  from held where e.id = held.id and e.scheduled_for = held.scheduled_for
  returning e.id, e.scheduled_for, e.item_id`

/**
 * Puts up to `limit` waiting executions whose time has come into the queue; with `parked`, those of one destination that
 * were parked for one reason. Returns how many. Any number of callers may run at once.
 *
 * What is parked is never released by its time alone: there may be a hundred thousand of one destination that is down,
 * all due when its circuit may be probed, and they would fill the queue to send one.
 */
export async function dispatchHeld(
  pool: Pool,
  boss: PgBoss,
  options: { limit: number; parked?: { destination: string; reason: Park['reason']; early: boolean } },
): Promise<number> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; scheduled_for: Date; item_id: string }>(
      options.parked === undefined
        ? { name: 'dispatch-held', text: releaseSql(dueSql), values: [options.limit] }
        : {
            name: 'dispatch-parked',
            text: releaseSql(parkedSql),
            values: [options.limit, options.parked.reason, options.parked.destination, options.parked.early],
          },
    )
    await enqueue(
      boss,
      client,
      rows.map((row) => ({ id: row.item_id, data: { e: row.id, s: row.scheduled_for.getTime() } })),
    )
    return rows.length
  })
}
