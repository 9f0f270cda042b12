import type { Pool } from '@scheduler/db/client'

/** Executions whose attempt the worker with that process id has begun and not ended, as the ledger has it. */
export async function flyingOf(pool: Pool, pid: number | undefined): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select e.id from executions e join workers w on w.id = e.claimed_by where e.state = 'running' and w.pid = $1`,
    [pid],
  )
  return rows.map(({ id }) => id)
}

/** How many of those are neither finished nor with another worker. */
export async function stillWith(pool: Pool, pid: number | undefined, executions: string[]): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from executions e join workers w on w.id = e.claimed_by
     where e.id = any($1) and e.state = 'running' and w.pid = $2`,
    [executions, pid],
  )
  return rows[0]?.n ?? 0
}
