import type { Pool } from '../client.ts'
import { DELIVERY_QUEUE } from '../queue.ts'

/**
 * Whether an item is held by a worker that has not touched it for as long as a heartbeat lasts: the one thing for which
 * pg-boss's supervision is in a hurry. One statement where that sends twenty. (pg-boss has no call for it; its table is read.)
 */
export async function anyItemLost(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ lost: boolean }>({
    name: 'any-item-lost',
    text: `select exists (select from pgboss.job where name = $1 and state = 'active'
      and heartbeat_on + heartbeat_seconds * interval '1 second' < now()) as lost`,
    values: [DELIVERY_QUEUE],
  })
  return rows[0]?.lost ?? false
}
