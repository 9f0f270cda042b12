import type { ExecutionReason } from '@scheduler/core/execution'
import { and, eq, gte, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import { executions } from '../schema/executions.ts'
import { jobs } from '../schema/jobs.ts'

/** Which dead letters are meant; none given: all. */
export interface DeadLetterFilters {
  jobId?: string | undefined
  destination?: string | undefined
  reason?: ExecutionReason | undefined
  /** A tag that the job has now. */
  tag?: string | undefined
  /** Of `dead_at`: inclusive. */
  from?: Date | undefined
  /** Of `dead_at`: exclusive. */
  to?: Date | undefined
}

/** Dead letters that the filters mean. */
export const areMeant = (filters: DeadLetterFilters): SQL | undefined => and(areWithin(filters), isMeant(filters))

/** What the index of dead letters is walked for. The first condition is what lets it serve: it is partial. */
export function areWithin({ from, to }: DeadLetterFilters): SQL | undefined {
  return and(isNotNull(executions.deadAt), from && gte(executions.deadAt, from), to && lt(executions.deadAt, to))
}

/** What is asked of each that is walked. */
export function isMeant({ jobId, destination, reason, tag }: DeadLetterFilters): SQL | undefined {
  const where: SQL[] = []
  if (jobId) where.push(eq(executions.jobId, jobId))
  if (destination) where.push(eq(executions.destination, destination))
  if (reason) where.push(eq(executions.reason, reason))
  // A value, looked up for each row that is walked; `exists` may be answered by reading all jobs with the tag.
  if (tag)
    where.push(sql`(select j.tags @> ${sql.param([tag])}::text[] from ${jobs} j where j.id = ${executions.jobId})`)
  return and(...where)
}
