import { pgTable, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/**
 * How far the ledger of a job is pruned by a bound on its own past. There is no foreign key: it would lock the job's row after
 * its executions. A row is deleted with its job.
 */
export const pruneMarks = pgTable('prune_marks', {
  jobId: uuid().primaryKey(),
  /** Executions before this nominal time were looked at: those that are not there any more were pruned. */
  before: instant().notNull(),
  /** Where the next look begins: at what may still go, since it was not finished, or held by somebody, at the last. */
  resumeAt: instant().notNull(),
})
export type PruneMarkRow = typeof pruneMarks.$inferSelect
