import type { Pool } from '../client.ts'
import type { BlackoutRow } from '../schema/blackouts.ts'
import type { ExecutionRow } from '../schema/executions.ts'
import type { FlowLimitRow } from '../schema/flow-limits.ts'

/** What the ledger and the versions of a job say around one of its occurrences. Each walks an index, a bounded stretch of it. */

/** Rows of a job that one look goes through, at the most. */
const MOST_LOOKED = 1_000

/** The execution of exactly this occurrence; that of the schedule where there are several. */
export async function executionIdAt(pool: Pool, jobId: string, at: Date): Promise<string | null> {
  const { rows } = await pool.query<{ id: string }>(
    'select id from executions where job_id = $1 and scheduled_for = $2 order by kind limit 1',
    [jobId, at],
  )
  return rows[0]?.id ?? null
}

export type Run = Pick<ExecutionRow, 'id' | 'reason' | 'jobVersion'>

/**
 * The runs of unsent occurrences within which an instant lies, the one that began last first. Runs of several reasons may
 * overlap: each stands only for the occurrences of its own.
 */
export async function runsAround(pool: Pool, jobId: string, at: Date): Promise<Run[]> {
  const { rows } = await pool.query<Run>(
    `select id, reason, job_version as "jobVersion" from (
       select id, reason, job_version, scheduled_for, scheduled_until from executions
       where job_id = $1 and scheduled_for <= $2 order by scheduled_for desc limit $3) as before
     where scheduled_until >= $2 order by scheduled_for desc`,
    [jobId, at, MOST_LOOKED],
  )
  return rows
}

/** The nominal time before which a job's executions were pruned by a bound on its own past; null where none was. */
export async function prunedBefore(pool: Pool, jobId: string): Promise<Date | null> {
  const { rows } = await pool.query<{ before: Date }>('select before from prune_marks where job_id = $1', [jobId])
  return rows[0]?.before ?? null
}

export type Neighbour = Pick<ExecutionRow, 'scheduledFor' | 'claimedAt'>

/** The execution before this one that was not finished when this one was recorded: what it was not sent for, or waits for. */
export async function unfinishedBefore(
  pool: Pool,
  { id, jobId, scheduledFor, createdAt }: Pick<ExecutionRow, 'id' | 'jobId' | 'scheduledFor' | 'createdAt'>,
): Promise<Neighbour | null> {
  const { rows } = await pool.query<Neighbour>(
    `select scheduled_for as "scheduledFor", claimed_at as "claimedAt" from (
       select * from executions where job_id = $1 and scheduled_for <= $2 order by scheduled_for desc limit $5) as before
     where id <> $3 and created_at <= $4 and state not in ('skipped', 'expired') and (finished_at is null or finished_at > $4)
     order by claimed_at nulls last, scheduled_for desc limit 1`,
    [jobId, scheduledFor, id, createdAt, MOST_LOOKED],
  )
  return rows[0] ?? null
}

/** The first execution after this one that was sent, or is to be, and was made at `since` or later. */
export async function sentAfter(
  pool: Pool,
  { jobId, scheduledFor }: Pick<ExecutionRow, 'jobId' | 'scheduledFor'>,
  since: Date,
): Promise<Neighbour | null> {
  const { rows } = await pool.query<Neighbour>(
    `select scheduled_for as "scheduledFor", claimed_at as "claimedAt" from (
       select * from executions where job_id = $1 and scheduled_for > $2 order by scheduled_for limit $4) as after
     where created_at >= $3 and state not in ('skipped', 'expired') order by scheduled_for limit 1`,
    [jobId, scheduledFor, since, MOST_LOOKED],
  )
  return rows[0] ?? null
}

export interface Pause {
  from: Date
  /** Null while it goes on. */
  to: Date | null
  reason: string | null
}

/** The pause in which an instant lies, from the job's versions before its present one; edits within it are part of it. */
export async function pauseAround(pool: Pool, jobId: string, at: Date): Promise<Pause | null> {
  const { rows } = await pool.query<Pause>(
    `with versions as (select valid_from, valid_to, status, status_reason from job_versions where job_id = $1),
       bounds as (select
         coalesce((select max(valid_to) from versions where status <> 'paused' and valid_to <= $2), '-infinity') as low,
         coalesce((select min(valid_from) from versions where status <> 'paused' and valid_from > $2), 'infinity') as high)
     select min(valid_from) as "from", max(valid_to) as "to", (array_agg(status_reason order by valid_to desc))[1] as reason
     from versions, bounds where status = 'paused' and valid_from >= low and valid_to <= high
     having min(valid_from) <= $2 and max(valid_to) > $2`,
    [jobId, at],
  )
  return rows[0] ?? null
}

export type TagBlackout = Pick<BlackoutRow, 'tag' | 'fromAt' | 'toAt' | 'reason'>

/** A blackout of one of these tags that holds an instant, as far as it is still there. */
export async function tagBlackoutAt(pool: Pool, tags: string[], at: Date): Promise<TagBlackout | null> {
  if (tags.length === 0) return null
  const { rows } = await pool.query<TagBlackout>(
    `select tag, from_at as "fromAt", to_at as "toAt", reason from blackouts
     where tag = any($1::text[]) and to_at > $2 and from_at <= $2 limit 1`,
    [tags, at],
  )
  return rows[0] ?? null
}

export type HeldBy = Pick<FlowLimitRow, 'kind' | 'flow' | 'rateCount' | 'ratePerSeconds' | 'concurrency' | 'paused'>

/** What limits a destination and a flow key now, the key's first. */
export async function limitsOn(pool: Pool, destination: string, flowKey: string | null): Promise<HeldBy[]> {
  const { rows } = await pool.query<HeldBy>(
    `select kind, flow, rate_count as "rateCount", rate_per_seconds as "ratePerSeconds", concurrency, paused
     from flow_limits
     where (kind, flow) in (('destination', $1), ('key', $2)) and (paused or rate_count is not null or concurrency is not null)
     order by kind desc`,
    [destination, flowKey],
  )
  return rows
}

/**
 * Whether what a job says may have changed since one of its versions. A version that only paused the job, resumed or deleted
 * it says what the one before did; of versions that are pruned it is not known.
 */
export async function isEditedSince(pool: Pool, jobId: string, version: number): Promise<boolean> {
  const { rows } = await pool.query<{ edited: boolean }>(
    `with versions as (
       select version, status, false as deleted from job_versions where job_id = $1 and version >= $2
       union select version, status, deleted_at is not null from jobs where id = $1),
     changes as (
       select deleted, array[status, lag(status) over w]::text[] as statuses, row_number() over w > 1 as follows
       from versions window w as (order by version))
     select min(version) <> $2 or exists (
       select from changes where follows and not (deleted or statuses @> '{active,paused}')) as edited
     from versions`,
    [jobId, version],
  )
  return rows[0]?.edited ?? true
}
