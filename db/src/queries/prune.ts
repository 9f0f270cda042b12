import type { Pool } from '../client.ts'
import { pruneKeys } from './idempotency.ts'
import { pruneNotifications } from './notifications.ts'

/** How long rows are kept, days. */
export interface Retention {
  days: number
  /** Of executions that are dead letters, where that is longer. */
  deadLetterDays: number
}

export interface Pruned {
  executions: number
  /** Those of them that were dead letters: nobody has redriven them or put them away. */
  deadLetters: number
  jobs: number
}

/** Rows a statement deletes at the most, so that none holds its locks for long. */
const BATCH = 5_000

/**
 * Deletes what is older than `days`: finished executions with their attempts, dead letters only when they are older than
 * `deadLetterDays` too; then deleted and completed jobs that no
 * execution belongs to any more, notifications, and workers that are long gone; and idempotency keys past their day. Works
 * in batches until nothing is left or `signal` says stop.
 */
export async function prune(pool: Pool, retention: Retention, signal?: AbortSignal): Promise<Pruned> {
  const { days } = retention
  let deadLetters = 0
  const executions = await inBatches(async () => {
    const gone = await pruneExecutions(pool, retention)
    deadLetters += gone.dead
    return gone.all
  }, signal)
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
  return { executions, deadLetters, jobs }
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

// scheduled_for bounds the walk of executions_by_time; finished_at decides.
async function pruneExecutions(
  pool: Pool,
  { days, deadLetterDays }: Retention,
): Promise<{ all: number; dead: number }> {
  const { rows } = await pool.query<{ all: number; dead: number }>(
    `with gone as (
       select id, scheduled_for from executions
       where scheduled_for < now() - make_interval(days => $1) and finished_at < now() - make_interval(days => $1)
         and (dead_at is null or dead_at < now() - make_interval(days => $3))
       order by scheduled_for limit $2 for update skip locked),
     attempts_gone as (
       delete from attempts a using gone where a.execution_id = gone.id and a.scheduled_for = gone.scheduled_for),
     deleted as (
       delete from executions e using gone where e.id = gone.id and e.scheduled_for = gone.scheduled_for
       returning e.dead_at)
     select count(*)::int as "all", count(dead_at)::int as dead from deleted`,
    [days, BATCH, deadLetterDays],
  )
  return rows[0] ?? { all: 0, dead: 0 }
}

async function pruneJobs(pool: Pool, days: number): Promise<number> {
  const { rowCount } = await pool.query(
    `with gone as (
       select id from jobs j
       where (deleted_at < now() - make_interval(days => $1) or completed_at < now() - make_interval(days => $1))
         and not exists (select from executions e where e.job_id = j.id)
       limit $2 for update skip locked),
     versions_gone as (delete from job_versions v using gone where v.job_id = gone.id)
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
