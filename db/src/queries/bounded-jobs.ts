import type { Pool } from '../client.ts'
import { NO_JOB } from './in-turn.ts'

/** A job of whose past less is kept than of the rest of the ledger; null where nothing of the kind bounds it. */
export interface BoundedJob {
  id: string
  /** Finished executions. */
  executions: number | null
  days: number | null
}

/** What one statement found, and from where to go on; null at the end. */
export interface Page<Place> {
  jobs: BoundedJob[]
  next: Place | null
}

/** Every job has its turn to be looked at thoroughly in one of so many hours. */
const HOURS = 24

/** Executions that a look reads for each that is made, on the average, to see whether a job is over. */
const READS_FOR_EACH = 100

/** What bounds a job `j`: of its own number of executions and the instance's, the lower one. */
const bounds = (perJob: string) =>
  `least((j.retention ->> 'executions')::int, ${perJob}::int) as executions, (j.retention ->> 'days')::int as days`

/** Whether any job is bounded. Where none is, nothing else is asked. */
export async function areJobsBounded(pool: Pool, perJob: number | null): Promise<boolean> {
  if (perJob !== null) return true
  const { rows } = await pool.query<{ bounded: boolean }>(
    'select exists (select from jobs where retention is not null) as bounded',
  )
  return rows[0]?.bounded === true
}

/**
 * Of the next `limit` executions made after the one with the id `after`: the jobs whose number of executions is bounded. To
 * see whether a job is over costs as much as its bound, so the dice say whether an execution makes its job be looked at:
 * each does of a job that may keep a hundred, every hundredth of one that may keep ten thousand, which then has a hundred
 * too many, on the average. The last digits of an id are random; they are the dice.
 */
export async function jobsOfNew(
  pool: Pool,
  perJob: number | null,
  after: string,
  limit: number,
): Promise<Page<string>> {
  const { rows } = await pool.query<{ jobs: BoundedJob[] | null; seen: number; last: string | null }>(
    `with made as materialized (select id, job_id from executions where id > $2::uuid order by id limit $3),
     bounded as (
       select made.id as execution_id, j.id, ${bounds('$1')} from made join jobs j on j.id = made.job_id
       where $1::int is not null or j.retention is not null),
     chosen as (
       select distinct id, executions, days from bounded
       where ('x' || right(execution_id::text, 4))::bit(16)::int * executions::bigint < 65536 * ${READS_FOR_EACH})
     select (select json_agg(chosen) from chosen) as jobs, (select count(*)::int from made) as seen,
       (select id from made order by id desc limit 1) as last`,
    [perJob, after, limit],
  )
  const [row] = rows
  return { jobs: row?.jobs ?? [], next: row?.seen === limit ? row.last : null }
}

/** Where a walk of the jobs that have bounds of their own has come to. */
export type OwnPlace = { updatedAt: string; id: string }

/** The next `limit` jobs with bounds of their own: those written since then, or those that have their turn in this hour. */
export async function jobsWithOwn(
  pool: Pool,
  perJob: number | null,
  which: { since: Date } | { hour: number },
  after: OwnPlace | null,
  limit: number,
): Promise<Page<OwnPlace>> {
  const [since, hour] = 'since' in which ? [which.since, null] : [null, which.hour]
  const { rows } = await pool.query<BoundedJob & OwnPlace>(
    `select j.id, j.updated_at::text as "updatedAt", ${bounds('$1')} from jobs j
     where retention is not null and (updated_at, id) > ($3::timestamptz, $4::uuid)
       and ($2::int is null or ${turnOf('j.id')} = $2)
     order by updated_at, id limit $5`,
    [perJob, hour, after?.updatedAt ?? since ?? '-infinity', after?.id ?? NO_JOB, limit],
  )
  return { jobs: rows, next: nextOf(rows, limit) }
}

/** The next `limit` of all jobs that have their turn in this hour. */
export async function jobsOfAll(
  pool: Pool,
  perJob: number,
  hour: number,
  after: string | null,
  limit: number,
): Promise<Page<string>> {
  const { rows } = await pool.query<BoundedJob>(
    `select j.id, ${bounds('$1')} from jobs j where id > $3::uuid and ${turnOf('j.id')} = $2 order by id limit $4`,
    [perJob, hour, after ?? NO_JOB, limit],
  )
  return { jobs: rows, next: nextOf(rows, limit)?.id ?? null }
}

const turnOf = (id: string) => `get_byte(uuid_send(${id}), 15) % ${HOURS}`

const nextOf = <Row>(rows: Row[], limit: number): Row | null => (rows.length < limit ? null : (rows.at(-1) ?? null))
