import type { Pool } from '../client.ts'

export interface LookAhead {
  /** The database's time. */
  now: Date
  /** When the soonest job is due; null when none is active. */
  nextRunAt: Date | null
  /** When the soonest waiting or parked execution is due; null when there is none. */
  nextAttemptAt: Date | null
}

/** Says what is due next. Two descents of an index each, whatever the number of jobs. */
export async function lookAhead(pool: Pool): Promise<LookAhead> {
  const { rows } = await pool.query<LookAhead>({
    name: 'look-ahead',
    text: `select clock_timestamp() as now,
      (select next_run_at from jobs where next_run_at is not null order by next_run_at limit 1) as "nextRunAt",
      (select next_attempt_at from executions where next_attempt_at is not null
       order by next_attempt_at limit 1) as "nextAttemptAt"`,
  })
  const [row] = rows
  if (!row) throw new Error('The database did not answer.')
  return row
}
