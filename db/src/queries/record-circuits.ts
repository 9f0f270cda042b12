import type { Pool } from '../client.ts'
import type { CircuitRow } from '../schema/circuits.ts'

/** What one worker thinks of one destination. */
export type CircuitReport = Pick<CircuitRow, 'destination' | 'state' | 'failures' | 'openedAt' | 'retryAt'>

/** Writes down this worker's circuits, so that the API can show them. */
export async function recordCircuits(pool: Pool, workerId: string, reports: CircuitReport[]): Promise<void> {
  if (reports.length === 0) return
  await pool.query({
    name: 'record-circuits',
    text: `
      insert into circuits (destination, worker_id, state, failures, opened_at, retry_at, updated_at)
      select c.destination, $6::uuid, c.state, c.failures, c.opened_at, c.retry_at, now()
      from unnest($1::text[], $2::circuit_state[], $3::int[], $4::timestamptz[], $5::timestamptz[])
        as c(destination, state, failures, opened_at, retry_at)
      on conflict on constraint circuits_pkey do update set state = excluded.state, failures = excluded.failures,
        opened_at = excluded.opened_at, retry_at = excluded.retry_at, updated_at = excluded.updated_at`,
    values: [
      reports.map((it) => it.destination),
      reports.map((it) => it.state),
      reports.map((it) => it.failures),
      reports.map((it) => it.openedAt),
      reports.map((it) => it.retryAt),
      workerId,
    ],
  })
}
