// Items that are taken out of the queue, or set failed, by SQL.
import { DELIVERY_QUEUE } from '@scheduler/db/queue-options'
import { transaction } from '@scheduler/db/transaction'
import type { Rig } from '../scenario.ts'

/** What was done to an item: to which execution it belonged, and how that stood. */
export interface Damaged {
  execution: string
  item: string
  state: 'queued' | 'running'
}

const changes = {
  deleted: 'delete from pgboss.job where name = $1 and id = any($2)',
  failed: `update pgboss.job set state = 'failed', completed_on = now() where name = $1 and id = any($2)`,
} as const

/** Deletes that share of the items which are in the queue, or sets it failed. */
export async function damageItems(rig: Rig, how: keyof typeof changes, share: number): Promise<Damaged[]> {
  return await transaction(rig.pool, async (client) => {
    const { rows: all } = await client.query<{ id: string }>(
      `select id from pgboss.job where name = $1 and state in ('created', 'retry', 'active') order by id`,
      [DELIVERY_QUEUE],
    )
    const chosen = all.filter(() => rig.dice.chance(share)).map(({ id }) => id)
    const { rows: locked } = await client.query<{ id: string }>(
      'select id from pgboss.job where name = $1 and id = any($2) for update skip locked',
      [DELIVERY_QUEUE, chosen],
    )
    const ids = locked.map(({ id }) => id)
    // Nobody begins an attempt whose item is locked: how these executions stand is how the damage finds them.
    const { rows } = await client.query<Damaged>(
      `select id as execution, item_id as item, state::text from executions
       where item_id = any($1) and state in ('queued', 'running')`,
      [ids],
    )
    await client.query(changes[how], [DELIVERY_QUEUE, ids])
    return rows
  })
}
