import type { Pool } from '../client.ts'
import type { BoundedJob } from './bounded-jobs.ts'
import { deletion, WHOLE_LEDGER } from './prune-executions.ts'

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
      -- A LIMIT of its own keeps the bounds in the index: of an EXISTS the planner may read all of a job, and compare afterwards.
      cross join lateral (
        select from executions e where e.job_id = j.id and e.scheduled_for < bound.at
          and e.scheduled_for >= case when $4 then '-infinity' else coalesce(m.resume_at, '-infinity') end limit 1) as surplus
      where kept.at is not null`,
    values: [jobs.map(({ id }) => id), jobs.map((it) => it.executions), jobs.map(({ days }) => days), thorough],
  })
  return rows
}

/**
 * Looks at up to `limit` executions of the surplus of some jobs, as many of each, the oldest first, and deletes those that had
 * finished before the oldest that is kept was due; so what was backfilled or redriven of late stays until as many have come
 * after it. Dead letters stay, and so does what somebody holds. Moves the marks of the jobs along. Returns what is left to look at.
 */
export async function pruneSurplus(
  pool: Pool,
  surplus: Surplus[],
  limit: number,
): Promise<{ count: number; left: Surplus[] }> {
  const { rows } = await pool.query<Surplus & { count: number; isLast: boolean }>({
    name: 'prune-surplus',
    text: `
      with seen as materialized (
        select s.job_id, s.before, e.* from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as s(job_id, since, before)
        cross join lateral (
          select id, scheduled_for, finished_at, dead_at from executions
          where job_id = s.job_id and scheduled_for >= coalesce(s.since, '-infinity') and scheduled_for < s.before
          order by job_id, scheduled_for limit $4) as e),
      gone as (
        select e.id, e.scheduled_for from seen join executions e on e.id = seen.id and e.scheduled_for = seen.scheduled_for
        where seen.finished_at < seen.before and seen.dead_at is null and e.finished_at < seen.before and e.dead_at is null
        for update of e skip locked),
      ${deletion(WHOLE_LEDGER)},
      -- What is pending may go once it is finished, or let go; what lies further behind is left to a thorough look.
      reached as (
        select job_id, before, count(*) < $4 as is_last, case when count(*) < $4 then before else max(scheduled_for) end as at,
          min(scheduled_for) filter (where dead_at is null and id not in (select id from deleted)) as pending
        from seen group by job_id, before),
      marked as (
        insert into prune_marks (job_id, before, resume_at)
        select job_id, at, case when is_last then coalesce(pending, at) else at end from reached order by job_id
        on conflict (job_id) do update set before = greatest(prune_marks.before, excluded.before),
          resume_at = greatest(prune_marks.resume_at, excluded.resume_at))
      select job_id as id, at as "from", before, is_last as "isLast", (select count(*)::int from deleted) as count from reached`,
    values: [
      surplus.map(({ id }) => id),
      surplus.map(({ from }) => from),
      surplus.map(({ before }) => before),
      // More than an instant has executions, or a look would not get past it.
      Math.max(10, Math.floor(limit / surplus.length)),
    ],
  })
  const left = rows.filter(({ isLast }) => !isLast).map(({ id, from, before }) => ({ id, from, before }))
  return { count: rows[0]?.count ?? 0, left }
}
