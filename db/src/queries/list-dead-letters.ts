import { and, sql } from 'drizzle-orm'
import { readByIndex } from '../by-index.ts'
import { createDb, type Pool } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { withAttempts } from './executions.ts'
import type { PageOfExecutions } from './list-executions.ts'
import { areWithin, type DeadLetterFilters, isMeant } from './meant-dead-letters.ts'
import { type Paging, walk } from './walk.ts'

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
  return await readByIndex(pool, async (client) => {
    const db = createDb(client)
    const { rows, last } = await walk(db, executions, {
      within,
      meant: isMeant(filters),
      keys: ['deadAt', 'id'],
      limit,
    })
    return { rows: await withAttempts(db, rows), last }
  })
}
