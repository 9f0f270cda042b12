import type { Pool } from '../client.ts'

const limitOf = (kind: string, flow: string) =>
  `not exists (select from flow_limits l where l.kind = '${kind}' and l.flow = ${flow})`

/** SQL: whether the execution `e` is parked for the limit of a flow that has none: nobody looks after it there. */
export const IS_STRANDED = `e.next_attempt_at is not null and e.reason in ('destination_limited', 'key_limited') and (
  e.reason = 'destination_limited' and ${limitOf('destination', 'e.destination')}
  or e.reason = 'key_limited' and ${limitOf('key', 'e.flow_key')})`

/** Lets such executions wait again, due at once; returns how many. */
export async function releaseStranded(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `with stranded as (
       select e.id, e.scheduled_for from executions e where ${IS_STRANDED} limit $1 for update of e skip locked)
     update executions e set state = 'waiting', reason = null, next_attempt_at = now()
     from stranded where e.id = stranded.id and e.scheduled_for = stranded.scheduled_for`,
    [limit],
  )
  return rowCount ?? 0
}
