import { and, eq, sql } from 'drizzle-orm'
import { readByIndex } from '../by-index.ts'
import { createDb, type Pool } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { withAttempts } from './executions.ts'
import type { PageOfExecutions } from './list-executions.ts'
import { areWithin, type DeadLetterFilters, isMeant } from './meant-dead-letters.ts'
import { type Paging, pageOfFew, walk } from './walk.ts'

/** Where a page ended. */
export interface DeadLetterPosition {
  deadAt: Date
  id: string
}

/** A page of dead letters, the one that died last first. */
export async function listDeadLetters(
  pool: Pool,
  filters: DeadLetterFilters,
  { limit, after }: Paging<DeadLetterPosition>,
): Promise<PageOfExecutions> {
  const position =
    after && sql`(${executions.deadAt}, ${executions.id}) < (${after.deadAt.toISOString()}::timestamptz, ${after.id})`
  const within = and(areWithin(filters), position ?? undefined)
  const way = { meant: isMeant(filters), keys: ['deadAt', 'id'], limit } as const
  return await readByIndex(pool, async (client) => {
    const db = createDb(client)
    const few = filters.jobId
      ? { ...way, from: eq(executions.jobId, filters.jobId), meant: and(within, way.meant) }
      : null
    // A job's executions are often few; more than a walk reads, and the dead letters of all jobs are walked.
    const page = few && (await pageOfFew(db, executions, few))
    const { rows, last } = page ?? (await walk(db, executions, { ...way, within }))
    return { rows: await withAttempts(db, rows), last }
  })
}
