import type { Pool } from '../client.ts'

/** Whether an attempt of this execution is in flight. */
export async function isRunning(pool: Pool, execution: { id: string; scheduledFor: Date }): Promise<boolean> {
  const { rows } = await pool.query<{ running: boolean }>(
    `select exists (select from executions where id = $1 and scheduled_for = $2 and state = 'running') as running`,
    [execution.id, execution.scheduledFor],
  )
  return rows[0]?.running ?? false
}
