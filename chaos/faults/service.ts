import type { Pool } from '@scheduler/db/client'

/** Asks the API for something once. @throws with what it answered, where that is no success. */
export async function ask(
  origin: string,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${origin}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} /${path} answered ${answer.status}: ${text} to ${JSON.stringify(body)}`)
  return text ? JSON.parse(text) : {}
}

/** Creates a job without retries, whose occurrences may overlap. Returns its id. */
export async function createJob(origin: string, path: string, callbackUrl: string, body: object): Promise<string> {
  const defaults = { callback_url: callbackUrl, retry: { limit: 0 }, ...(path !== 'jobs' && { overlap: 'allow' }) }
  return String((await ask(origin, 'POST', path, { ...defaults, ...body })).job_id)
}

/** A row of the ledger: one occurrence, or a run of those that were not sent. */
export interface Row {
  job: string
  state: string
  reason: string | null
  /** Nominal time, ms since 1970. */
  at: number
  count: number
}

export async function ledgerOf(pool: Pool, jobs: string[]): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `select job_id as job, state::text, reason::text, (extract(epoch from scheduled_for) * 1000)::float8 as at, count
     from executions where job_id = any($1) order by scheduled_for`,
    [jobs],
  )
  return rows
}

export async function unfinished(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    'select count(*)::int as n from executions where finished_at is null',
  )
  return rows[0]?.n ?? 0
}

/** Jobs that have an occurrence to come. */
export async function waiting(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from jobs where next_run_at is not null')
  return rows[0]?.n ?? 0
}
