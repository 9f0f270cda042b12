import type { DrainOrder } from '@scheduler/core/circuit'

/** What a caller remembers of lists of parked executions, from one call to the next. */
export interface Turns {
  /** The job that was served last, of each list. */
  last: Map<string, string>
  /** Lists where a job was found to have several: to look for one of each in a stretch is in vain until they have been served. */
  mixed: Set<string>
}

export const createTurns = (): Turns => ({ last: new Map(), mixed: new Set() })

/** Comes before every job. */
export const NO_JOB = '00000000-0000-0000-0000-000000000000'

/** Parked executions that are served together: those whose `column` is the parameter `is`, and for which `where` holds. */
export interface List {
  column: 'destination' | 'flow_key'
  is: string
  where: string
}

/**
 * The CTEs (after `with recursive`) that choose and lock up to `$1` executions of a list, one of each job in turn, from the
 * job after `$2` on. The last, `turn`, has their id, scheduled_for, job_id, destination, flow_key, and, as the order in
 * which they were chosen, round and n.
 *
 * The list's index is walked from job to job, so this costs as much as there are jobs and executions chosen, however many
 * are parked: a job with a hundred thousand of them is as far as one with a single one. Rows are compared, and ordered by
 * columns that are all the same, so that no other index will do: those by job hold all the job's past.
 */
export function inTurn({ column, is, where }: List, order: DrainOrder = 'oldest'): string {
  const next = (after: string, upTo = '') => `
    select job_id from executions
    where next_attempt_at is not null and ${where} and (${column}, job_id) > (${is}, ${after}) and ${column} <= ${is} ${upTo}
    order by ${column}, job_id limit 1`
  const direction = order === 'newest' ? 'desc' : 'asc'
  const age = `scheduled_for ${direction}, id ${direction}`
  return `
    ahead as (
      select job_id, 1 as n from (${next('$2')}) as f
      union all
      select next.job_id, ahead.n + 1 from ahead cross join lateral (${next('ahead.job_id')}) as next
      where ahead.n < $1::int),
    around as (
      select job_id, 1 as n from (${next(`'${NO_JOB}'::uuid`, 'and job_id <= $2 and (select count(*) from ahead) < $1')}) as f
      union all
      select next.job_id, around.n + 1
      from around cross join lateral (${next('around.job_id', 'and job_id <= $2')}) as next
      where around.n + (select count(*) from ahead) < $1),
    jobs_in_turn as (select job_id, n from ahead union all select job_id, n + $1 from around),
    picked as materialized (
      select e.*, t.n from jobs_in_turn t cross join lateral (
        select id, scheduled_for, job_id, destination, flow_key from executions
        where next_attempt_at is not null and ${where}
          and (${column}, job_id) >= (${is}, t.job_id) and (${column}, job_id) <= (${is}, t.job_id)
        order by ${column} ${direction}, job_id ${direction}, ${age}
        limit (select ceil($1::numeric / count(*))::int from jobs_in_turn) for update skip locked) as e),
    turn as (
      select p.*, row_number() over (partition by job_id order by ${age}) as round from picked p
      order by round, n limit $1)`
}

/**
 * The same in one stretch of the index, with `found` in the place of what was walked to: none where a job has two of the `$1` that
 * come after the job `$2`. To walk from job to job costs a look into each partition for each of them, this one for all.
 */
export const oneEach = ({ column, is, where }: List): string => `
    found as materialized (
      select id, scheduled_for, job_id, destination, flow_key from executions
      where next_attempt_at is not null and ${where} and (${column}, job_id) > (${is}, $2) and ${column} <= ${is}
      order by ${column}, job_id, scheduled_for, id limit $1 for update skip locked),
    turn as (
      select f.*, 1 as round, row_number() over (order by job_id) as n from found f
      where (select count(*) = count(distinct job_id) from found))`

/** How many jobs were walked to, and which was the last: also where others have locked all that they have. */
export const WALKED =
  'select count(*)::int as jobs, (select job_id from jobs_in_turn order by n desc limit 1) as last from jobs_in_turn'

export const NOT_WALKED = 'select 0 as jobs, null::uuid as last'

export interface Walked {
  jobs: number
  last: string | null
}

/** Where an execution stood in the row. */
export interface InTurn {
  job_id: string
  round: string | number
  n: number
}

export const byTurn = (a: InTurn, b: InTurn): number => Number(a.round) - Number(b.round) || a.n - b.n
