// What the ledger of a database says, as the checker reads it.
import type { Pool } from '@scheduler/db/client'
import type { AttemptRow, LedgerRow } from './history.ts'

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`

/** @param pidOf process ids by the ids of workers; `workerPids` as it was while they lived, for a worker that leaves is forgotten */
export async function readLedger(
  pool: Pool,
  pidOf: ReadonlyMap<string, number>,
): Promise<{ ledger: LedgerRow[]; attempts: AttemptRow[] }> {
  const { rows: ledger } = await pool.query<LedgerRow>(
    `select id, job_id as "jobId", kind, state, reason, attempt, count, ${ms('scheduled_for')} as "scheduledFor",
       ${ms('scheduled_until')} as "scheduledUntil", ${ms('finished_at')} as "finishedAt"
     from executions order by scheduled_for, id`,
  )
  const { rows: attempts } = await pool.query<Omit<AttemptRow, 'pid'> & { workerId: string }>(
    `select execution_id as "executionId", attempt, outcome, status, ${ms('started_at')} as "startedAt",
       ${ms('finished_at')} as "finishedAt", worker_id as "workerId"
     from attempts order by scheduled_for, execution_id, attempt`,
  )
  return { ledger, attempts: attempts.map(({ workerId, ...it }) => ({ ...it, pid: pidOf.get(workerId) ?? null })) }
}

/** The process ids of the workers that are there now, those that died without a word included, by their ids. */
export async function workerPids(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: string; pid: number }>('select id, pid from workers')
  return new Map(rows.map(({ id, pid }) => [id, pid]))
}
