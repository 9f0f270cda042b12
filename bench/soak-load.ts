import type { Pool } from '@scheduler/db/client'
import { type HotJob, hotJobs } from './hot-jobs.ts'
import { oneAttempt } from './jobs.ts'
import { wait } from './until.ts'

/** How often a round of calls is begun, ms. */
const EVERY_MS = 100
/** Rounds at once at the most: an API that answers no more is not buried, and what was left out counts as not made. */
const MOST_OPEN = 200
export const PERIOD_SECONDS = 60
const PERIOD_MS = PERIOD_SECONDS * 1_000

/** So many interval jobs that together fall due `rate` times a second, each once a minute at a moment of its own. */
export async function insertSoakJobs(pool: Pool, rate: number, callbackUrl: string): Promise<HotJob[]> {
  const { origin, hostname } = new URL(callbackUrl)
  const { rows } = await pool.query<HotJob>(
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
     returning id, (extract(epoch from next_run_at) * 1000)::float8 as at`,
    [Math.round(rate * PERIOD_SECONDS), callbackUrl, origin, hostname, PERIOD_SECONDS, JSON.stringify(oneAttempt)],
  )
  return rows
}

const coldKinds = ['creates due soon', 'creates due in an hour', 'deletes of these'] as const
const hotKinds = ['deletes of hot jobs', 'creates in their place', 'edits of hot jobs'] as const
type Kind = (typeof coldKinds)[number] | (typeof hotKinds)[number]

interface Answer {
  job_id?: string
  /** Of a refusal. */
  title?: string
}

/**
 * What clients do meanwhile, ten times a second each: a job is created that is due soon, another that is due in an hour and is
 * then deleted; of those that fall due right now one is deleted and created anew, and one is edited, so that as many fall due
 * as before. Of all that fall due at most every tenth is deleted, and every tenth edited: where few do, there are fewer of
 * these calls.
 */
export function startCalls(api: string, jobs: HotJob[], urls: { soak: string; once: string }) {
  const hot = hotJobs(jobs, PERIOD_MS)
  const made = Object.fromEntries([...coldKinds, ...hotKinds].map((kind) => [kind, 0])) as Record<Kind, number>
  const refused: string[] = []
  const hotEvery = Math.max(1, Math.ceil(PERIOD_MS / EVERY_MS / (jobs.length / 10)))
  const open = new Set<Promise<void>>()
  const began = performance.now()
  let stopped = false
  let seconds = 0

  /** Null where it was refused: no two calls are about one job at a time, so that none has a reason to be. */
  const call = async (kind: Kind, method: string, path: string, body?: unknown): Promise<Answer | null> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${api}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    const said = JSON.parse((await answer.text()) || '{}') as Answer
    if (!answer.ok) {
      refused.push(`${method} ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')}: ${answer.status} ${said.title ?? ''}`)
      return null
    }
    made[kind] += 1
    return said
  }
  const create = async (kind: Kind, seconds: number) => {
    const schedule_time = new Date(Date.now() + seconds * 1_000).toISOString()
    return await call(kind, 'POST', '/jobs', { schedule_time, callback_url: urls.once, payload: { n: 1 } })
  }
  const createFar = async () => {
    const far = await create('creates due in an hour', 3_600)
    if (far) await call('deletes of these', 'DELETE', `/jobs/${far.job_id}`)
  }
  const replace = async () => {
    const old = hot.take(Date.now())
    if (!old) return
    // Where a call fails nobody knows what became of the job: it is left alone from then on.
    if (!(await call('deletes of hot jobs', 'DELETE', `/jobs/${old.id}`))) return
    const at = nextAfter(old.at)
    const start_date = new Date(at).toISOString()
    const rule = { seconds: PERIOD_SECONDS, start_date, overlap: 'allow', ...oneAttempt }
    const job = { ...rule, callback_url: urls.soak, payload: { n: 1 } }
    const created = await call('creates in their place', 'POST', '/jobs/interval', job)
    if (created?.job_id) hot.add({ id: created.job_id, at })
  }
  /** Another payload; or another beat, half a second off at the most. */
  const edit = async (n: number) => {
    const job = hot.take(Date.now())
    if (!job) return
    const at = n % 2 === 0 ? job.at : nextAfter(job.at) + Math.round(Math.random() * 1_000) - 500
    const change = n % 2 === 0 ? { payload: { n } } : { start_date: new Date(at).toISOString() }
    const edited = await call('edits of hot jobs', 'PATCH', `/jobs/${job.id}`, change)
    if (edited) hot.add({ id: job.id, at })
  }
  const round = async (n: number) => {
    const calls: Promise<unknown>[] = [create('creates due soon', 2 + Math.random() * 20), createFar()]
    if (n % hotEvery === 0) calls.push(replace(), edit(n / hotEvery))
    for (const it of await Promise.allSettled(calls)) if (it.status === 'rejected') refused.push(String(it.reason))
  }
  // By the clock, and none waits for the one before: an API that gets slower is asked as often as ever.
  const loop = async () => {
    for (let n = 0; !stopped; n += 1) {
      if (open.size < MOST_OPEN) {
        const it: Promise<void> = round(n).finally(() => open.delete(it))
        open.add(it)
      }
      await wait(Math.max(0, began + (n + 1) * EVERY_MS - performance.now()))
    }
  }
  const running = loop()
  return {
    refused,
    /** How many of each kind were made, and were to be made, each second. */
    rates() {
      const meant = 1_000 / EVERY_MS
      const rate = (kind: Kind, every: number) => ({ kind, made: made[kind] / seconds, meant: meant / every })
      return [...coldKinds.map((kind) => rate(kind, 1)), ...hotKinds.map((kind) => rate(kind, hotEvery))]
    },
    async stop() {
      stopped = true
      await running
      seconds = (performance.now() - began) / 1_000
      await Promise.all(open)
    },
  }
}

/** The next moment of a beat that is at least half a period away. */
function nextAfter(at: number): number {
  const periods = Math.floor((Date.now() + PERIOD_MS / 2 - at) / PERIOD_MS) + 1
  return at + periods * PERIOD_MS
}
