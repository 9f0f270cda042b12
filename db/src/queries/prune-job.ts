import type { Pool } from '../client.ts'
import type { BoundedJob } from './bounded-jobs.ts'
import { deletion } from './prune-executions.ts'

/** What a job may lose: executions from `from` on (null: from the first) and before `before`. */
export interface Surplus {
  id: string
  from: Date | null
  before: Date
}

/** Unfinished executions that a look passes at the most to find the finished ones that are kept; it gives up behind them. */
const MOST_UNFINISHED = 10_000

/**
 * Those of the jobs that have more than they may, and what. It is found by the newest that are kept, so that a look reads no more of
 * a job than it may keep, and less of one that has less. Nothing that finished within a minute is surplus: its event, or what
 * its receiver repeats, may be on its way.
 *
 * @param thorough begins at the first execution, not where the last look has left off
 */
export async function surplusOf(pool: Pool, jobs: BoundedJob[], thorough: boolean): Promise<Surplus[]> {
  const { rows } = await pool.query<Surplus>({
    name: 'surplus-of-jobs',
    // Numbers that are null must not get to LIMIT and OFFSET, which take them for none. OFFSET 0 has the walk made once,
    // not wherever its result is named.
    text: `
      select j.id, case when not $4 then m.resume_at end as "from", bound.at as before
      from unnest($1::uuid[], $2::int[], $3::int[]) as j(id, executions, days)
      left join prune_marks m on m.job_id = j.id
      cross join lateral (
        select case when j.executions is not null then (
          select scheduled_for from (
            select scheduled_for, finished_at from executions where job_id = j.id
            order by job_id desc, scheduled_for desc limit coalesce(j.executions, 0) + ${MOST_UNFINISHED}) as newest
          where finished_at is not null
          order by scheduled_for desc offset greatest(j.executions, 1) - 1 limit 1) end as at offset 0) as oldest
      cross join lateral (
        select greatest(oldest.at, date_trunc('milliseconds', now() - make_interval(days => j.days))) as at) as kept
      cross join lateral (
        select least(kept.at, date_trunc('milliseconds', now() - interval '1 minute')) as at) as bound
      where kept.at is not null and exists (
        select from executions e where e.job_id = j.id and e.scheduled_for < bound.at
          and e.scheduled_for >= case when $4 then '-infinity' else coalesce(m.resume_at, '-infinity') end)`,
    values: [jobs.map(({ id }) => id), jobs.map((it) => it.executions), jobs.map(({ days }) => days), thorough],
  })
  return rows
}

/**
 * Looks at up to `limit` executions of a job's surplus, the oldest first, and deletes those that had finished before the oldest that
 * is kept was due; so what was backfilled or redriven of late stays until as many have come after it. Dead letters stay,
 * and so does what somebody holds. Moves the job's mark along. Returns where to go on; null at the end.
 */
export async function pruneSurplus(
  pool: Pool,
  { id, from, before }: Surplus,
  limit: number,
): Promise<{ count: number; next: Date | null }> {
  const { rows } = await pool.query<{ count: number; reached: Date; isLast: boolean }>({
    name: 'prune-surplus',
    text: `
      with seen as materialized (
        select id, scheduled_for, finished_at, dead_at from executions
        where job_id = $1 and scheduled_for >= coalesce($2::timestamptz, '-infinity') and scheduled_for < $3
        order by job_id, scheduled_for limit $4),
      gone as (
        select e.id, e.scheduled_for from seen join executions e on e.id = seen.id and e.scheduled_for = seen.scheduled_for
        where seen.finished_at < $3 and seen.dead_at is null and e.finished_at < $3 and e.dead_at is null
        for update of e skip locked),
      ${deletion},
      reached as (
        select count(*) < $4 as is_last, case when count(*) < $4 then $3 else max(scheduled_for) end as at from seen),
      -- What may go once it is finished, or let go; what lies further behind than one batch is left to a thorough look.
      pending as (
        select min(scheduled_for) as at from seen where dead_at is null and id not in (select id from deleted)),
      marked as (
        insert into prune_marks (job_id, before, resume_at)
        select $1, reached.at, case when is_last then coalesce(pending.at, reached.at) else reached.at end
        from reached, pending
        on conflict (job_id) do update set before = greatest(prune_marks.before, excluded.before),
          resume_at = greatest(prune_marks.resume_at, excluded.resume_at))
      select (select count(*)::int from deleted) as count, at as reached, is_last as "isLast" from reached`,
    values: [id, from, before, limit],
  })
  const [row] = rows
  return { count: row?.count ?? 0, next: row && !row.isLast ? row.reached : null }
}
