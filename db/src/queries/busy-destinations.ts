import type { Pool } from '../client.ts'
import type { Park } from './begin-attempts.ts'

/** Pairs that one look finds at the most. */
const MOST = 500

/** A destination with parked executions, and why they are. */
export interface BusyDestination {
  destination: string
  reason: Park['reason']
}

/** Before the first of them. */
const START: BusyDestination = { reason: 'circuit_open', destination: '' }

/**
 * Lists destinations that have parked executions, once for each reason: the first few after `after`, and the one from which
 * to go on, null once that was the last. It hops from one to the next in `executions_parked_by_job`, so it costs as much as
 * there are destinations, however many executions are parked.
 */
export async function busyDestinations(
  pool: Pool,
  after: BusyDestination | null,
): Promise<{ found: BusyDestination[]; next: BusyDestination | null }> {
  const { reason, destination } = after ?? START
  const { rows } = await pool.query<BusyDestination>({
    name: 'busy-destinations',
    text: `
      with recursive hop as (
        (select reason, destination, 1 as n from executions
         where next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')
           and (reason, destination) > ($2::execution_reason, $3::text)
         order by reason, destination limit 1)
        union all
        select next.reason, next.destination, hop.n + 1 from hop cross join lateral (
          select reason, destination from executions
          where next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')
            and (reason, destination) > (hop.reason, hop.destination)
          order by reason, destination limit 1) as next
        where hop.n < $1)
      select destination, reason from hop`,
    values: [MOST, reason, destination],
  })
  return { found: rows, next: rows.length === MOST ? (rows.at(-1) ?? null) : null }
}
