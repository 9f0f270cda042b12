import type { Pool } from '../client.ts'

/** A worker whose last heartbeat is older than this many seconds counts as gone. */
export const WORKER_ALIVE_SECONDS = 15

export interface Heartbeat {
  id: string
  hostname: string
  pid: number
  inFlight: number
  draining: boolean
}

/** Says that this worker lives. Returns the database's time. */
export async function beat(pool: Pool, heartbeat: Heartbeat): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>({
    name: 'beat',
    text: `
      insert into workers (id, hostname, pid, in_flight, draining, started_at, heartbeat_at)
      values ($1, $2, $3, $4, $5, now(), now())
      on conflict (id) do update set heartbeat_at = now(), in_flight = excluded.in_flight, draining = excluded.draining
      returning clock_timestamp() as now`,
    values: [heartbeat.id, heartbeat.hostname, heartbeat.pid, heartbeat.inFlight, heartbeat.draining],
  })
  const [row] = rows
  if (!row) throw new Error('The database did not answer.')
  return row.now
}

/** Takes a worker that stops out of the list, and its circuits with it. */
export async function leave(pool: Pool, workerId: string): Promise<void> {
  await pool.query('with gone as (delete from circuits where worker_id = $1) delete from workers where id = $1', [
    workerId,
  ])
}

/** Whether a worker of this host beats, by the database's clock. */
export async function isAlive(pool: Pool, hostname: string): Promise<boolean> {
  const { rows } = await pool.query<{ alive: boolean }>(
    `select exists (select from workers where hostname = $1 and heartbeat_at > now() - make_interval(secs => $2))
       as alive`,
    [hostname, WORKER_ALIVE_SECONDS],
  )
  return rows[0]?.alive ?? false
}
