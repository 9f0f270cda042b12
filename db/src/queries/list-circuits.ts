import type { circuitStates } from '@scheduler/core/circuit'
import type { Pool } from '../client.ts'
import { WORKER_ALIVE_SECONDS } from './workers.ts'

/** What the workers that live think of a destination, put together. */
export interface Circuit {
  destination: string
  state: (typeof circuitStates)[number]
  /** The most consecutive failures that a worker counts. */
  failures: number
  openedAt: Date | null
  retryAt: Date | null
  /** Executions kept out of the queue for it. */
  parked: number
}

/** Every destination that a live worker has called or that has something parked, in order of name. */
export async function listCircuits(pool: Pool): Promise<Circuit[]> {
  const { rows } = await pool.query<Circuit>(
    `with parked as (
       select destination, count(*)::int as parked from executions
       where next_attempt_at is not null and state = 'parked' group by destination
     ), known as (
       select c.destination, max(array_position(array['closed', 'half_open', 'open'], c.state::text)) as worst,
         max(c.failures) as failures, min(c.opened_at) as opened_at, min(c.retry_at) as retry_at
       from circuits c join workers w on w.id = c.worker_id
       where w.heartbeat_at > now() - make_interval(secs => $1)
       group by c.destination
     )
     select destination, (array['closed', 'half_open', 'open'])[coalesce(worst, 1)] as state,
       coalesce(failures, 0) as failures, opened_at as "openedAt", retry_at as "retryAt", coalesce(parked, 0) as parked
     from known full join parked using (destination) order by destination`,
    [WORKER_ALIVE_SECONDS],
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
