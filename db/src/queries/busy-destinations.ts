import type { Pool } from '../client.ts'

/** Destinations looked for at the most. */
const MOST = 500

/**
 * Lists destinations that have executions parked because they had more than they could take. It hops from one destination to the next in `executions_parked`, so it
 * costs as much as there are destinations, however many executions are parked.
 */
export async function busyDestinations(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ destination: string }>({
    name: 'busy-destinations',
    text: `
      with recursive hop as (
        (select destination, 1 as n from executions where next_attempt_at is not null and reason = 'destination_busy' order by destination limit 1)
        union all
        select next.destination, hop.n + 1 from hop cross join lateral (
          select destination from executions where next_attempt_at is not null and reason = 'destination_busy' and destination > hop.destination
          order by destination limit 1) as next
        where hop.n < $1)
      select destination from hop`,
    values: [MOST],
  })
  return rows.map((row) => row.destination)
}
