import type { Pool } from '../client.ts'
import { DELIVERY_QUEUE } from '../queue.ts'
import { IS_WAITING } from '../schema/executions.ts'

export interface LookAhead {
  /** The database's time. */
  now: Date
  /** When the soonest job is due; null when none is active. */
  nextRunAt: Date | null
  /** When the soonest waiting execution is due; null when there is none. */
  nextAttemptAt: Date | null
  /** When the soonest pause ends by itself; null when none does. */
  pausedUntil: Date | null
  /** When the soonest time to acknowledge is over; null when none is awaited. */
  ackDeadlineAt: Date | null
  /** When the soonest notification is to be sent; null when none is. */
  nextNotificationAt: Date | null
  /** Whether items wait in the queue. */
  itemsWait: boolean
  /** Whether events wait to be dealt with. */
  eventsWait: boolean
}

/**
 * Says what is due next, and whether items and events wait: all that an idle worker asks. One descent of an index each, whatever
 * the number of jobs. (pg-boss has no call for the last; its table is read.)
 */
export async function lookAhead(pool: Pool): Promise<LookAhead> {
  const { rows } = await pool.query<LookAhead>({
    name: 'look-ahead',
    values: [DELIVERY_QUEUE],
    text: `select clock_timestamp() as now,
      (select next_run_at from jobs where next_run_at is not null order by next_run_at limit 1) as "nextRunAt",
      (select next_attempt_at from executions where next_attempt_at is not null and ${IS_WAITING}
       order by next_attempt_at limit 1) as "nextAttemptAt",
      (select paused_until from jobs where paused_until is not null order by paused_until limit 1) as "pausedUntil",
      (select ack_deadline_at from executions where ack_deadline_at is not null order by ack_deadline_at limit 1)
        as "ackDeadlineAt",
      (select next_attempt_at from notifications where next_attempt_at is not null order by next_attempt_at limit 1)
        as "nextNotificationAt",
      (select id from events order by id limit 1) is not null as "eventsWait",
      -- In pg-boss's own order, so that its index serves: without it, a table full of dead rows would be read through.
      exists (select from pgboss.job where name = $1 and state < 'active' and not blocked
        order by priority desc, created_on limit 1) as "itemsWait"`,
  })
  const [row] = rows
  if (!row) throw new Error('The database did not answer.')
  return row
}
