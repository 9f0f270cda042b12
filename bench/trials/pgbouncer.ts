// The API and the workers through PgBouncer in transaction mode: nothing is lost or doubled, and what needs a session says so.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from '@scheduler/db/client'
import { applyMigrations } from '@scheduler/db/migrate'
import { createPool, unsteadySettings } from '@scheduler/db/pool'
import { NoSession } from '@scheduler/db/session'
import { type PgBouncer, startPgBouncer } from '../pgbouncer.ts'
import { startWorker } from '../processes.ts'
import { insertOnceJobs, percentile, type Rig, until, verdict, wait, withRig } from '../rig.ts'

const POOL_SIZE = 6

export async function pgbouncer(args: string[]): Promise<void> {
  const count = Number(args[0] ?? 2_000)
  const workers = Number(args[1] ?? 4)
  const result = verdict()
  await withRig(async (rig) => {
    const bouncer = await startPgBouncer(rig.url, POOL_SIZE)
    console.log(
      `PgBouncer ${bouncer.version}, transaction mode, ${POOL_SIZE} connections for the API, as many for workers`,
    )
    const folder = mkdtempSync(join(tmpdir(), 'scheduler-trial-log-'))
    try {
      await refusals(rig, bouncer, result)
      await byMistake(rig, bouncer, join(folder, 'mistaken'), result)
      await underLoad(rig, bouncer, join(folder, 'workers'), { count, workers }, result)
    } finally {
      await bouncer.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
  result.end()
}

type Verdict = ReturnType<typeof verdict>

/** What needs a session is refused through the pooler; what the pool is to ask for is there. */
async function refusals({ pool }: Rig, { apiUrl, workerUrl }: PgBouncer, result: Verdict): Promise<void> {
  const refused = await applyMigrations(apiUrl).then(
    () => null,
    (error: unknown) => error,
  )
  result.check('a migration through it is refused', refused instanceof NoSession)
  const { rows } = await pool.query(`select count(*)::int as n from pg_locks where locktype = 'advisory'`)
  result.check('and leaves no lock behind', rows[0].n === 0, rows[0].n)
  const planned = await Promise.all([workerUrl, apiUrl].map(through(unsteadySettings)))
  result.check('plans are steady for workers and not for the API', !planned[0]?.length && !!planned[1]?.length)
}

const through =
  <T>(ask: (pool: Pool) => Promise<T>) =>
  async (url: string): Promise<T> => {
    const pool = createPool(url, { max: 1 })
    return await ask(pool).finally(() => pool.end())
  }

/** A worker without DATABASE_DIRECT_URL: it says what is wrong, and still delivers. */
async function byMistake(rig: Rig, { apiUrl }: PgBouncer, log: string, result: Verdict): Promise<void> {
  const worker = startWorker(apiUrl, {}, log)
  rig.workers.push(worker)
  const said = () =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  const messages = () => said().map(({ msg }) => msg)
  await until(
    async () => messages().includes('notifications do not arrive'),
    30_000,
    'the worker to say that it is deaf',
  )
  const { reason } = said().find(({ msg }) => msg === 'notifications do not arrive')
  result.check('a worker that listens through it says so, and what to do', /DATABASE_DIRECT_URL/.test(reason), reason)
  result.check('and that its plans are not steady', messages().includes('plans not steady'))
  await insertOnceJobs(rig.pool, 20, new Date(Date.now() + 1_000), `${rig.receiver.origin}/mistaken`)
  await until(async () => (await rig.receiver.count()) >= 20, 30_000, 'callbacks of a worker that hears nothing')
  await worker.end('SIGTERM')
  result.check('other lines of its log', messages().length === 2, messages().join(', '))
}

/** All through the pooler, which is killed in the middle. */
async function underLoad(
  rig: Rig,
  bouncer: PgBouncer,
  log: string,
  { count, workers }: { count: number; workers: number },
  result: Verdict,
): Promise<void> {
  const { pool, receiver, url } = rig
  const before = await receiver.count()
  const origin = await rig.startApi({ DATABASE_URL: bouncer.apiUrl, DATABASE_DIRECT_URL: url })
  for (let n = 0; n < workers; n += 1) {
    rig.workers.push(startWorker(bouncer.workerUrl, { DATABASE_DIRECT_URL: url }, log))
  }
  const beating = async () => (await pool.query('select 1 from workers')).rowCount === workers
  await until(beating, 30_000, 'the workers to start')

  // Through the API's pool to the workers' listeners; that each of them hears is in their logs, below.
  const soon = 50
  for (let n = 0; n < soon; n += 1) {
    const body = JSON.stringify({
      schedule_time: new Date(Date.now() + 200).toISOString(),
      callback_url: `${receiver.origin}/soon`,
    })
    const answer = await fetch(`${origin}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    if (answer.status !== 201) throw new Error(`The API answered ${answer.status}: ${await answer.text()}`)
    await wait(20)
  }
  await until(async () => (await receiver.count()) >= before + soon, 30_000, 'callbacks of jobs that are due at once')
  const lateness = (await receiver.arrivals()).slice(before).map((it) => it.at - it.scheduledFor)
  const p50 = percentile(lateness, 50)
  result.check('half of what is due at once is sent within 500 ms', p50 < 500, `${p50.toFixed(0)} ms`)

  await insertOnceJobs(pool, count, new Date(Date.now() + 1_000), `${receiver.origin}/herd?delay=50`)
  await until(async () => (await receiver.count()) >= before + soon + count / 4, 60_000, 'a quarter of the callbacks')
  const used = await connections(pool)
  const most = 2 * POOL_SIZE + workers
  result.check(`connections of ${workers} workers and an API on the server`, used <= most, `${used} (at most ${most})`)
  await bouncer.restart()
  const all = before + soon + count
  const done = async () => (await pool.query('select 1 from executions where finished_at is not null')).rowCount === all
  await until(done, 120_000, 'every execution to be finished')
  const arrivals = await receiver.arrivals()
  const ids = new Set(arrivals.map((it) => it.id))
  result.check('executions delivered, with the pooler killed in the middle', ids.size === all, `${ids.size} of ${all}`)
  const { rows } = await pool.query(`select count(*)::int as n from executions where state <> 'succeeded'`)
  result.check('not succeeded', rows[0].n === 0, rows[0].n)
  console.log(`sent twice by that: ${arrivals.length - ids.size}`)
  // As long as a listener takes to find out that it hears nothing.
  await wait(6_000)
  const messages = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const strange = messages.filter(({ level, msg }) => level > 40 || /do not arrive|not steady/.test(msg))
  result.check('errors in the logs of the workers', strange.length === 0, strange.map(({ msg }) => msg).join(', '))
}

/** Connections of ours on the server, but for the trial's own. */
async function connections(pool: Pool): Promise<number> {
  const { rows } = await pool.query(
    `select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and application_name <> 'trial'`,
  )
  return rows[0].n
}
