import type { Pool } from '../client.ts'

/** Which of these executions are to be broken off. For a worker that may have missed being told. */
export async function toCancel(pool: Pool, executions: { id: string; scheduledFor: Date }[]): Promise<string[]> {
  if (executions.length === 0) return []
  const { rows } = await pool.query<{ id: string }>({
    name: 'to-cancel',
    text: `
      select e.id from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
      join executions e on e.id = i.id and e.scheduled_for = i.scheduled_for
      where e.cancel_requested_at is not null`,
    values: [executions.map((it) => it.id), executions.map((it) => it.scheduledFor)],
  })
  return rows.map(({ id }) => id)
}
