import type { Pool } from '@scheduler/db/client'
import { oneAttempt } from './jobs.ts'
import { wait } from './until.ts'

/** How often each of the calls is made, ms. */
const EVERY_MS = 100
const PERIOD_SECONDS = 60

/**
 * So many interval jobs that together fall due `rate` times a second, each once a minute at a moment of its own. Returns the
 * ids of some of them.
 */
export async function insertSoakJobs(pool: Pool, rate: number, callbackUrl: string): Promise<string[]> {
  const { origin, hostname } = new URL(callbackUrl)
  const { rows } = await pool.query<{ id: string }>(
    `insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
       callback_url, destination, callback_host, timezone, schedule, policies, payload, delivery)
     select uuidv7(), 'interval', 'active', 1, at, at, now(), now(), now(), $2, $3, $4, 'UTC',
       jsonb_build_object('type', 'interval', 'every', jsonb_build_object('seconds', $5::int), 'anchorGiven', true,
         'anchor', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"')),
       '{"overlap":"allow"}', '{"n":1}', $6
     from (
       select date_trunc('milliseconds', now() + interval '5 s' + random() * make_interval(secs => $5)) as at
       from generate_series(1, $1)
     ) as due
     returning id`,
    [Math.round(rate * PERIOD_SECONDS), callbackUrl, origin, hostname, PERIOD_SECONDS, JSON.stringify(oneAttempt)],
  )
  return rows.slice(0, 1_000).map(({ id }) => id)
}

/**
 * What clients do meanwhile, ten times a second each: a job is created that is due soon, another that is due in an hour, one
 * of these is deleted, and one of `jobs` is edited.
 */
export function startCalls(api: string, jobs: string[], callbackUrl: string) {
  const created: string[] = []
  const made = { creates: 0, edits: 0, deletes: 0 }
  const refused: string[] = []
  let stopped = false

  const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${api}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    const text = await answer.text()
    if (answer.ok) return JSON.parse(text || '{}') as Record<string, unknown>
    refused.push(`${method} ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')}: ${answer.status}`)
    return {}
  }
  const create = async (seconds: number) => {
    const schedule_time = new Date(Date.now() + seconds * 1_000).toISOString()
    const { job_id } = await call('POST', '/jobs', { schedule_time, callback_url: callbackUrl, payload: { n: 1 } })
    made.creates += 1
    return job_id
  }
  const round = async (n: number) => {
    await create(2 + Math.random() * 20)
    const far = await create(3_600)
    if (typeof far === 'string') created.push(far)
    const old = created.length > 100 ? created.shift() : undefined
    if (old) await call('DELETE', `/jobs/${old}`)
    if (old) made.deletes += 1
    await call('PATCH', `/jobs/${jobs[n % jobs.length]}`, { payload: { n } })
    made.edits += 1
  }
  const loop = async () => {
    for (let n = 0; !stopped; n += 1) {
      await Promise.all([round(n).catch((error: unknown) => refused.push(String(error))), wait(EVERY_MS)])
    }
  }
  const running = loop()
  return {
    made,
    refused,
    async stop() {
      stopped = true
      await running
    },
  }
}
