import type { ExecutionKind, ExecutionState } from '@scheduler/core/execution'
import { Problem } from '@scheduler/core/problem'
import { and, asc, desc, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { createDb, type Db, type PoolClient } from '../client.ts'
import { type AttemptRow, attempts } from '../schema/attempts.ts'
import { type ExecutionRow, executions } from '../schema/executions.ts'

/** A row of the ledger with its attempts, oldest first. */
export interface FullExecution extends ExecutionRow {
  attempts: AttemptRow[]
}

export interface ExecutionFilters {
  jobId?: string | undefined
  state?: ExecutionState | undefined
  destination?: string | undefined
  /** Of `scheduled_for`: inclusive. */
  from?: Date | undefined
  /** Of `scheduled_for`: exclusive. */
  to?: Date | undefined
}

/** Where a page ended. */
export interface ExecutionPosition {
  scheduledFor: Date
  id: string
}

/** @throws Problem `execution-not-found` */
export async function getExecution(db: Db, id: string): Promise<FullExecution> {
  return await one(db, eq(executions.id, id), id)
}

/** The execution of one occurrence. */
export async function getExecutionAt(
  client: PoolClient,
  jobId: string,
  scheduledFor: Date,
  kind: ExecutionKind,
): Promise<FullExecution> {
  const is = and(eq(executions.jobId, jobId), eq(executions.scheduledFor, scheduledFor), eq(executions.kind, kind))
  return await one(createDb(client), is, jobId)
}

/** Up to `limit` executions, latest occurrence first, those after a position. */
export async function listExecutions(
  db: Db,
  filters: ExecutionFilters,
  { limit, after }: { limit: number; after: ExecutionPosition | null },
): Promise<FullExecution[]> {
  const { jobId, state, destination, from, to } = filters
  const where: SQL[] = []
  if (jobId) where.push(eq(executions.jobId, jobId))
  if (state) where.push(eq(executions.state, state))
  if (destination) where.push(eq(executions.destination, destination))
  if (from) where.push(gte(executions.scheduledFor, from))
  if (to) where.push(lt(executions.scheduledFor, to))
  if (after) {
    where.push(sql`(${executions.scheduledFor}, ${executions.id}) < (${after.scheduledFor.toISOString()}, ${after.id})`)
  }
  const rows = await db
    .select()
    .from(executions)
    .where(and(...where))
    .orderBy(desc(executions.scheduledFor), desc(executions.id))
    .limit(limit)
  return await withAttempts(db, rows)
}

async function one(db: Db, where: SQL | undefined, id: string): Promise<FullExecution> {
  const [found] = await withAttempts(db, await db.select().from(executions).where(where).limit(1))
  if (!found) throw executionNotFound(id)
  return found
}

/** One query for the attempts of a whole page. */
export async function withAttempts(db: Db, rows: ExecutionRow[]): Promise<FullExecution[]> {
  const tried = rows.filter((row) => row.attempt > 0).map((row) => row.id)
  if (tried.length === 0) return rows.map((row) => ({ ...row, attempts: [] }))
  const found = await db
    .select()
    .from(attempts)
    .where(inArray(attempts.executionId, tried))
    .orderBy(asc(attempts.attempt))
  const byExecution = Map.groupBy(found, (it) => it.executionId)
  return rows.map((row) => ({ ...row, attempts: byExecution.get(row.id) ?? [] }))
}

export function executionNotFound(id: string): Problem {
  return new Problem(
    'execution-not-found',
    `There is no execution ${JSON.stringify(id)}, or its time is past retention.`,
  )
}
