import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'
import { type Ended, endLate, LATE_COLUMNS, type Late, TIMED_OUT } from './end-late.ts'

/**
 * Ends up to `limit` attempts whose receivers answered 202 and then said nothing in time, the longest overdue first. Returns
 * what became of their executions. Any number of callers may run at once; what is acknowledged at this moment is passed over.
 */
export async function expireAcks(pool: Pool, limit: number): Promise<Ended[]> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<Late & { now: Date }>({
      name: 'expire-acks',
      text: `
        select ${LATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) as now
        from executions e where e.ack_deadline_at is not null and e.ack_deadline_at <= now()
        order by e.ack_deadline_at limit $1 for update skip locked`,
      values: [limit],
    })
    const [first] = rows
    return first ? await endLate(client, rows, TIMED_OUT, first.now) : []
  })
}
