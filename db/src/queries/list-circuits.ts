import type { CircuitStateName, DrainOrder } from '@scheduler/core/circuit'
import type { Pool } from '../client.ts'
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
  /** Executions kept out of the queue for it. */
  parked: number
}

/** Every destination that has failed or that has something parked, in order of name; or one of them. */
export async function listCircuits(pool: Pool, destination: string | null = null): Promise<Circuit[]> {
  const { rows } = await pool.query<Circuit>(
    `with parked as (
       select destination, count(*)::int as parked from executions
       where next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')
         and ($1::text is null or destination = $1)
       group by destination
     ), known as (select * from destinations where $1::text is null or destination = $1)
     select destination, coalesce(state, 'closed') as state, coalesce(failures, 0) as failures, opened_at as "openedAt",
       case state when 'half_open' then probe_until else retry_at end as "retryAt",
       coalesce(drain_order, 'oldest') as "drainOrder", draining_since as "drainingSince", coalesce(parked, 0) as parked
     from known full join parked using (destination) order by destination`,
    [destination],
  )
  return rows
}

/** Whether at least one worker beats, by the database's clock. */
export async function hasLiveWorker(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ alive: boolean }>(
    'select exists (select from workers where heartbeat_at > now() - make_interval(secs => $1)) as alive',
    [WORKER_ALIVE_SECONDS],
  )
  return rows[0]?.alive ?? false
}
