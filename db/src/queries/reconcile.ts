import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { failCrashed } from './fail-crashed.ts'
import { releaseStranded } from './release-stranded.ts'
import { requeueLost } from './requeue-lost.ts'

/** What a reconciliation found and repaired; in a healthy system every count is 0. */
export interface Reconciled {
  /** Executions that nothing would ever have carried out, now in the queue again, or about to be. */
  requeued: number
  /** Executions given up because their attempts killed too many workers. */
  crashed: number
  /** Jobs that are due and that nobody dispatches; a symptom, not repaired here. */
  overdue: number
}

/** How many executions one pass repairs at the most; the next pass goes on. */
const BATCH = 1_000

/** How long a job may be due before it is worth a warning, seconds. */
const OVERDUE_SECONDS = 10

/**
 * Finds what breaks "every execution that isn't final is on its way" and repairs it. Items without a live execution need no
 * repair: whoever claims one ends it. It reads pg-boss's table, which has no call for this, and changes it through pg-boss only.
 *
 * The failed items first: what is left of an execution whose item somebody has failed is queued again in the same pass.
 */
export async function reconcile(pool: Pool, boss: PgBoss): Promise<Reconciled> {
  const crashed = await failCrashed(pool, boss, BATCH)
  const requeued = (await requeueLost(pool, boss, BATCH)) + (await releaseStranded(pool, BATCH))
  const { rows } = await pool.query<{ overdue: number }>(
    `select count(*)::int as overdue from (
       select from jobs where next_run_at < now() - make_interval(secs => $1) limit 10000) as late`,
    [OVERDUE_SECONDS],
  )
  return { requeued, crashed, overdue: rows[0]?.overdue ?? 0 }
}
