import type { Pool } from '../client.ts'
import { dropPartitions } from './drop-partitions.ts'
import { pruneKeys } from './idempotency.ts'
import { DEFAULT_PARTITION, type Partition } from './ledger-partitions.ts'
import { pruneNotifications } from './notifications.ts'
import { hourNow, pruneAllSurplus } from './prune-by-job.ts'
import { type Place, pruneDead, pruneFinished } from './prune-executions.ts'

/** How long rows are kept, days. */
export interface Retention {
  days: number
  /** Of executions that are dead letters, where that is longer. */
  deadLetterDays: number
  /** Finished executions kept of each job, the newest; without it, any number. */
  perJob?: number | null
}

export interface Pruned {
  /** Partitions of the ledger that were dropped, with all that was in them. */
  partitions: number
  /** Executions that were deleted one by one. */
  executions: number
  /** Those of them that were dead letters: nobody has redriven them or put them away. */
  deadLetters: number
  jobs: number
}

/** Told of partitions that are past retention and are there all the same. */
export interface PartitionsLeft {
  crowded(executions: string): void
  failed(executions: string, error: unknown): void
}

/** Rows a statement deletes at the most, so that none holds its locks for long. */
const BATCH = 5_000

/**
 * Deletes what is older than `days`: finished executions with their attempts, dead letters only when they are older than
 * `deadLetterDays` too; what jobs have over their own bounds; then deleted and completed jobs that no execution belongs to any more, notifications, and workers
 * that are long gone; and idempotency keys past their day. Works in batches until nothing is left or `signal` says stop.
 *
 * Partitions of the ledger are dropped whole, a little later than `days` says. Only what is in none of them, or in one of
 * which much stays, is deleted one by one.
 */
export async function prune(
  pool: Pool,
  retention: Retention,
  signal?: AbortSignal,
  left?: PartitionsLeft,
): Promise<Pruned> {
  const { days } = retention
  // What comes first may take longer than an hour, and the jobs of this one have their turn in no other.
  const hour = await hourNow(pool)
  // Never before the rest of the ledger. Before the partitions: what is a dead letter then stays.
  const deadDays = Math.max(days, retention.deadLetterDays)
  const deadLetters = await inBatches(() => pruneDead(pool, deadDays, BATCH), signal)
  const { partitions, crowded, failed } = await dropPartitions(pool, days, signal)
  for (const { executions } of crowded) left?.crowded(executions)
  for (const { partition, error } of failed) left?.failed(partition.executions, error)
  let finished = 0
  for (const partition of [...crowded, DEFAULT_PARTITION]) {
    finished += await pruneAllFinished(pool, partition, days, signal)
  }
  finished += await pruneAllSurplus(pool, retention.perJob ?? null, hour, signal)
  const jobs = await inBatches(() => pruneJobs(pool, days), signal)
  await inBatches(() => pruneKeys(pool, BATCH), signal)
  await inBatches(() => pruneVersions(pool, days), signal)
  await inBatches(() => pruneNotifications(pool, days, BATCH), signal)
  await pool.query('delete from blackouts where to_at < now() - make_interval(days => $1)', [days])
  await inBatches(() => pruneChanges(pool, days), signal)
  await pool.query(
    `delete from destinations where state = 'closed' and draining_since is null and drain_order = 'oldest'
       and updated_at < now() - make_interval(days => $1)`,
    [days],
  )
  await pool.query(
    `with gone as (delete from workers where heartbeat_at < now() - interval '1 day' returning id)
     delete from circuits where worker_id in (select id from gone)`,
  )
  return { partitions, executions: finished + deadLetters, deadLetters, jobs }
}

async function inBatches(batch: () => Promise<number>, signal?: AbortSignal): Promise<number> {
  let total = 0
  while (!signal?.aborted) {
    const deleted = await batch()
    total += deleted
    if (deleted < BATCH) break
  }
  return total
}

async function pruneAllFinished(
  pool: Pool,
  partition: Pick<Partition, 'executions' | 'attempts'>,
  days: number,
  signal?: AbortSignal,
): Promise<number> {
  let total = 0
  let after: Place | null = null
  do {
    if (signal?.aborted) break
    const { count, next } = await pruneFinished(pool, partition, days, BATCH, after)
    total += count
    after = next
  } while (after)
  return total
}

async function pruneJobs(pool: Pool, days: number): Promise<number> {
  const { rowCount } = await pool.query(
    `with gone as (
       select id from jobs j
       where (deleted_at < now() - make_interval(days => $1) or completed_at < now() - make_interval(days => $1))
         and not exists (select from executions e where e.job_id = j.id)
       limit $2 for update skip locked),
     versions_gone as (delete from job_versions v using gone where v.job_id = gone.id),
     marks_gone as (delete from prune_marks m using gone where m.job_id = gone.id)
     delete from jobs using gone where jobs.id = gone.id`,
    [days, BATCH],
  )
  return rowCount ?? 0
}

async function pruneChanges(pool: Pool, days: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from circuit_changes where id in (
       select id from circuit_changes where at < now() - make_interval(days => $1) order by at limit $2)`,
    [days, BATCH],
  )
  return rowCount ?? 0
}

/** Versions that no execution within retention can have been made by. */
async function pruneVersions(pool: Pool, days: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from job_versions where (job_id, version) in (
       select job_id, version from job_versions where valid_to < now() - make_interval(days => $1) limit $2)`,
    [days, BATCH],
  )
  return rowCount ?? 0
}
