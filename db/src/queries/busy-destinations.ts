import type { Pool } from '../client.ts'
import type { Park } from './begin-attempts.ts'

/** Pairs looked for at the most. */
const MOST = 500

/** A destination with parked executions, and why they are. */
export interface BusyDestination {
  destination: string
  reason: Park['reason']
}

/**
 * Lists destinations that have parked executions, once for each reason. It hops from one to the next in
 * `executions_parked_by_job`, so it costs as much as there are destinations, however many executions are parked.
 */
export async function busyDestinations(pool: Pool): Promise<BusyDestination[]> {
  const { rows } = await pool.query<BusyDestination>({
    name: 'busy-destinations',
    text: `
      with recursive hop as (
        (select reason, destination, 1 as n from executions
         where next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')
         order by reason, destination limit 1)
        union all
        select next.reason, next.destination, hop.n + 1 from hop cross join lateral (
          select reason, destination from executions
          where next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')
            and (reason, destination) > (hop.reason, hop.destination)
          order by reason, destination limit 1) as next
        where hop.n < $1)
      select destination, reason from hop`,
    values: [MOST],
  })
  return rows
}
