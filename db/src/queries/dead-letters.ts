import type { ExecutionReason } from '@scheduler/core/execution'
import { Problem } from '@scheduler/core/problem'
import { and, count, desc, eq, gte, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import { createDb, type Db, type Pool, type PoolClient } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { jobs } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { executionNotFound, type FullExecution, withAttempts } from './executions.ts'

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

/** Where a page ended. */
export interface DeadLetterPosition {
  deadAt: Date
  id: string
}

/** What is counted of the dead letters that are left, at the most: counting them all would cost more than the answer is worth. */
export const MOST_COUNTED = 10_000

/** Up to `limit` dead letters, the one that died last first, those after a position. */
export async function listDeadLetters(
  db: Db,
  filters: DeadLetterFilters,
  { limit, after }: { limit: number; after: DeadLetterPosition | null },
): Promise<FullExecution[]> {
  const position =
    after && sql`(${executions.deadAt}, ${executions.id}) < (${after.deadAt.toISOString()}::timestamptz, ${after.id})`
  const rows = await db
    .select()
    .from(executions)
    .where(and(areMeant(filters), position ?? undefined))
    .orderBy(desc(executions.deadAt), desc(executions.id))
    .limit(limit)
  return await withAttempts(db, rows)
}

/** Dead letters that the filters mean. The first condition is what lets the partial index serve. */
export function areMeant({ jobId, destination, reason, tag, from, to }: DeadLetterFilters): SQL | undefined {
  const where: SQL[] = [isNotNull(executions.deadAt)]
  if (jobId) where.push(eq(executions.jobId, jobId))
  if (destination) where.push(eq(executions.destination, destination))
  if (reason) where.push(eq(executions.reason, reason))
  if (tag) {
    where.push(
      sql`exists (select from ${jobs} j where j.id = ${executions.jobId} and j.tags @> ${sql.param([tag])}::text[])`,
    )
  }
  if (from) where.push(gte(executions.deadAt, from))
  if (to) where.push(lt(executions.deadAt, to))
  return and(...where)
}

/** How many dead letters a condition means; `MOST_COUNTED` where there are more. */
export async function countDeadLetters(db: Db, where: SQL | undefined): Promise<number> {
  const some = db.select({ id: executions.id }).from(executions).where(where).limit(MOST_COUNTED).as('some')
  const [row] = await db.select({ count: count() }).from(some)
  return row?.count ?? 0
}

/**
 * Puts dead letters away, the oldest first: they stay in the ledger, failed, and are dead letters no more.
 *
 * @param most how many at the most
 */
export async function putAway(
  on: Pool | PoolClient,
  filters: DeadLetterFilters,
  most: number,
): Promise<{ deleted: number; remaining: number }> {
  return await transaction(on, async (client) => {
    const db = createDb(client)
    const meant = await db
      .select({ id: executions.id, scheduledFor: executions.scheduledFor })
      .from(executions)
      .where(areMeant(filters))
      .orderBy(executions.deadAt, executions.id)
      .limit(most)
    const deleted = await clear(client, meant)
    return { deleted, remaining: await countDeadLetters(db, areMeant(filters)) }
  })
}

/** Puts one away. @throws Problem `execution-not-found`, `not-a-dead-letter` */
export async function putAwayOne(on: Pool | PoolClient, id: string): Promise<void> {
  await transaction(on, async (client) => {
    const key = { id: executions.id, scheduledFor: executions.scheduledFor }
    const found = await createDb(client).select(key).from(executions).where(eq(executions.id, id))
    if (found.length === 0) throw executionNotFound(id)
    if ((await clear(client, found)) === 0) throw notADeadLetter(id)
  })
}

type Key = { id: string; scheduledFor: Date }

/** Those that are dead letters still once they are locked. Returns how many. */
async function clear(client: PoolClient, keys: Key[]): Promise<number> {
  const locked = await lockDead(client, keys)
  const { rowCount } = await client.query(
    `update executions e set dead_at = null from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     where e.id = i.id and e.scheduled_for = i.scheduled_for`,
    [locked.map(({ id }) => id), locked.map(({ scheduledFor }) => scheduledFor)],
  )
  return rowCount ?? 0
}

/** Locks executions in order of id, as claims and settles do; those that are no dead letters any more don't come back. */
export async function lockDead(client: PoolClient, keys: Key[]): Promise<Key[]> {
  const { rows } = await client.query<Key>(
    `select e.id, e.scheduled_for as "scheduledFor" from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     join executions e on e.id = i.id and e.scheduled_for = i.scheduled_for
     where e.dead_at is not null order by i.id for update of e`,
    [keys.map(({ id }) => id), keys.map(({ scheduledFor }) => scheduledFor)],
  )
  return rows
}

export function notADeadLetter(id: string): Problem {
  const detail = `The execution ${JSON.stringify(id)} is no dead letter: it has not failed for good, or it was redriven or put away. GET /executions/${id} says how it stands.`
  return new Problem('not-a-dead-letter', detail)
}
