import type { CircuitStateName, DrainOrder } from '@scheduler/core/circuit'
import { readByIndex } from '../by-index.ts'
import type { Pool } from '../client.ts'
import { countedOfEach, countParked, MOST_COUNTED } from './count-parked.ts'
import type { Paging } from './walk.ts'
import { WORKER_ALIVE_SECONDS } from './workers.ts'

/** The circuit of a destination, as it is shown. */
export interface Circuit {
  destination: string
  state: CircuitStateName
  /** Failures in a row, of all workers together. */
  failures: number
  openedAt: Date | null
  /** When a probe may go; of one that is probing, when the probe is given up at the latest. */
  retryAt: Date | null
  drainOrder: DrainOrder
  /** When what was parked began to be let go, as long as some of it is left. */
  drainingSince: Date | null
  /** Executions kept out of the queue for it, as far as they are counted. */
  parked: number
  /** Whether there are more. */
  parkedIsLowerBound: boolean
}

/**
 * Destinations that have failed or that have something parked, in order of name, those after `after`. Of what is parked it
 * hops from one destination to the next, so it costs as much as the page has, however many executions are parked.
 */
export async function listCircuits(
  pool: Pool,
  { limit, after }: Paging,
): Promise<{ rows: Circuit[]; last: string | null }> {
  const found = await readByIndex(pool, async (client) => {
    const { rows } = await client.query<Circuit>(
      `with recursive hop as (
         select r.reason, next.destination, 1 as n
         from unnest(array['circuit_open', 'destination_busy']::execution_reason[]) as r(reason)
         cross join lateral (${nextParked('r.reason', '$1::text')}) as next
         union all
         select hop.reason, next.destination, hop.n + 1
         from hop cross join lateral (${nextParked('hop.reason', 'hop.destination')}) as next where hop.n < $2),
       page as materialized (
         select destination from hop
         union (select destination from destinations where destination > $1 order by destination limit $2)
         order by destination limit $2)
       ${shown('page', '$3::int')} order by page.destination`,
      [after ?? '', limit + 1, countedOfEach(limit + 1)],
    )
    return rows
  })
  const rows = found.slice(0, limit)
  return { rows, last: found.length > limit ? (rows.at(-1)?.destination ?? null) : null }
}

/** The circuit of one destination; null where it never failed and has nothing parked. */
export async function readCircuit(pool: Pool, destination: string): Promise<Circuit | null> {
  return await readByIndex(pool, async (client) => {
    const { rows } = await client.query<Circuit>(
      `with page as materialized (select $1::text as destination)
       select * from (${shown('page', '$2::int')}) as shown
       where parked > 0 or exists (select from destinations d where d.destination = $1)`,
      [destination, MOST_COUNTED],
    )
    return rows[0] ?? null
  })
}

const PARKED = `next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')`

const nextParked = (reason: string, destination: string): string => `
  select destination from executions
  where next_attempt_at is not null and reason = ${reason} and destination > ${destination} order by destination limit 1`

const shown = (page: string, most: string): string => `
  select ${page}.destination, coalesce(d.state, 'closed') as state, coalesce(d.failures, 0) as failures,
    d.opened_at as "openedAt", case d.state when 'half_open' then d.probe_until else d.retry_at end as "retryAt",
    coalesce(d.drain_order, 'oldest') as "drainOrder", d.draining_since as "drainingSince",
    p.parked, p.more as "parkedIsLowerBound"
  from ${page} left join destinations d on d.destination = ${page}.destination
  cross join lateral ${countParked(`select from executions where ${PARKED} and destination = ${page}.destination`, most)} as p`

/** Whether at least one worker beats, by the database's clock. */
export async function hasLiveWorker(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ alive: boolean }>(
    'select exists (select from workers where heartbeat_at > now() - make_interval(secs => $1)) as alive',
    [WORKER_ALIVE_SECONDS],
  )
  return rows[0]?.alive ?? false
}
