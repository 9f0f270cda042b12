import { expect, onTestFinished } from 'vitest'
import { createDb, type Pool, type PoolClient } from '../src/client.ts'
import { claim } from '../src/queries/claim.ts'
import { insertLedger } from '../src/queries/insert-ledger.ts'
import type { Settlement } from '../src/queries/settle.ts'
import { type Boss, DELIVERY_QUEUE, type Item, startQueue } from '../src/queue.ts'
import { executions, type JobRow, jobs } from '../src/schema/index.ts'
import { transaction } from '../src/transaction.ts'
import { newWorkerId } from '../src/worker-id.ts'
import { test as base } from './database.ts'
import { ago, job } from './factories.ts'

/** Vitest's `test` with a real database and pg-boss over it. */
export const test = base.extend('boss', { scope: 'file' }, async ({ clone }, { onCleanup }) => {
  const boss = await startQueue(clone.pool)
  onCleanup(() => boss.stop({ graceful: false }))
  return boss
})

/** Inserts a job and so many executions of it, the latest of a second ago, with their items, as a dispatcher does. */
export async function queueUp(pool: Pool, boss: Boss, fields: Partial<JobRow> = {}, count = 1): Promise<JobRow> {
  const [row] = await createDb(pool)
    .insert(jobs)
    .values(job({ nextRunAt: ago(-3_600), ...fields }))
    .returning()
  if (!row) throw new Error('the job was not inserted')
  const rows = Array.from({ length: count }, (_, i) => ({
    jobId: row.id,
    jobVersion: row.version,
    kind: 'schedule' as const,
    state: 'queued' as const,
    reason: null,
    scheduledFor: ago(count - i),
    scheduledUntil: null,
    count: 1,
    effectiveAt: ago(count - i),
    nextAttemptAt: null,
    behind: false,
    destination: row.destination,
    flowKey: null,
  }))
  await transaction(pool, (client) => insertLedger(client, boss, rows, ago(0)))
  return row
}

/** A worker: it claims by itself, and sends all unless told otherwise. */
export function worker(pool: Pool, boss: Boss) {
  const workerId = newWorkerId()
  const parts = { pool, boss, workerId }
  const claims = (decide: Parameters<typeof claim>[2] = () => 'send', limit = 10) => claim(parts, limit, decide)
  return { parts, workerId, claim: claims }
}

/** What a settled attempt of a claim looks like: succeeded, unless said otherwise. */
export function outcomeOf(
  it: Pick<
    Settlement,
    'item' | 'executionId' | 'jobId' | 'recurring' | 'scheduledFor' | 'attempt' | 'jobVersion' | 'failures'
  >,
  fields: Partial<Settlement> = {},
): Settlement {
  const { item, executionId, jobId, recurring, scheduledFor, attempt, jobVersion, failures } = it
  return {
    ...{ item, executionId, jobId, recurring, scheduledFor, attempt, jobVersion, failures },
    timings: null,
    outcome: 'succeeded',
    status: 200,
    error: null,
    responseHead: 'thanks',
    startedAt: ago(0.2),
    finishedAt: ago(0.1),
    state: 'succeeded',
    reason: null,
    nextAttemptAt: null,
    ackDeadlineAt: null,
    ...fields,
  }
}

/** A pause without a word, until it is resumed. */
export const byHand = { reason: null, until: null, missed: 'skip' } as const

export const rejected = { outcome: 'rejected', status: 500, state: 'failed', reason: 'rejected' } as const

/** What pg-boss does with the items of a worker that has died. */
export async function loseWorker(boss: Boss, items: { item: Pick<Item, 'id'> }[]): Promise<void> {
  await boss.fail(
    DELIVERY_QUEUE,
    items.map(({ item }) => item.id),
  )
}

/** The queue, as it is: none that is held back, none that is forgotten. */
export async function queueItems(pool: Pool): Promise<{ id: string; state: string; execution: string }[]> {
  const { rows } = await pool.query(
    `select id, state::text, data ->> 'e' as execution from pgboss.job where name = $1 order by created_on, id`,
    [DELIVERY_QUEUE],
  )
  return rows
}

export async function soleExecution(pool: Pool) {
  const rows = await createDb(pool).select().from(executions)
  expect(rows).toHaveLength(1)
  return rows[0] as (typeof rows)[number]
}

/** A transaction of its own; what is left of it is cut off when the test is over. */
export async function begin(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect()
  onTestFinished(() => client.release(true))
  await client.query('begin')
  return client
}

/** Waits until so many sessions of this database wait for a lock that another holds. */
export async function untilBlocked(pool: Pool, count: number): Promise<void> {
  const blocked = async () => {
    const { rows } = await pool.query(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
    )
    return rows[0].count
  }
  await expect.poll(blocked, { interval: 10, timeout: 1_800 }).toBe(count)
}
