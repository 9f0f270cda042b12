import type { ExecutionKind } from '@scheduler/core/execution'
import { Problem } from '@scheduler/core/problem'
import { and, asc, between, eq, inArray, type SQL } from 'drizzle-orm'
import { createDb, type Db, type PoolClient } from '../client.ts'
import { type AttemptRow, attempts } from '../schema/attempts.ts'
import { type ExecutionRow, executions } from '../schema/executions.ts'

/** A row of the ledger with its attempts, oldest first. */
export interface FullExecution extends ExecutionRow {
  attempts: AttemptRow[]
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

async function one(db: Db, where: SQL | undefined, id: string): Promise<FullExecution> {
  const [found] = await withAttempts(db, await db.select().from(executions).where(where).limit(1))
  if (!found) throw executionNotFound(id)
  return found
}

/**
 * One query for the attempts of a whole page. They are of the times of its executions: by the ids alone they would be looked for
 * in every partition.
 */
export async function withAttempts(db: Db, rows: ExecutionRow[]): Promise<FullExecution[]> {
  const tried = rows.filter((row) => row.attempt > 0)
  const times = tried.map((row) => row.scheduledFor.getTime())
  if (tried.length === 0) return rows.map((row) => ({ ...row, attempts: [] }))
  const are = inArray(
    attempts.executionId,
    tried.map((row) => row.id),
  )
  const [from, to] = [new Date(Math.min(...times)), new Date(Math.max(...times))]
  const found = await db
    .select()
    .from(attempts)
    .where(and(are, between(attempts.scheduledFor, from, to)))
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
