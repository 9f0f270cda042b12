// What every trial needs: a database, a receiver, workers, jobs. All are processes of their own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool, type Pool } from '@scheduler/db/client'
import { type Embedded, startEmbedded } from '@scheduler/db/embedded/start-embedded'
import { applyMigrations } from '@scheduler/db/migrate'
import { serverVersion } from './machine.ts'
import { type Receiver, startApi, startReceiver, startWorker, type Worker } from './processes.ts'
import { until } from './until.ts'

export { percentile, type Verdict, verdict } from './figures.ts'
export { createIntervalJob, insertOnceJobs } from './jobs.ts'
export { startReceiver } from './processes.ts'
export { until, wait } from './until.ts'

export interface Rig {
  url: string
  pool: Pool
  /** The database server, when it is ours. */
  embedded: Embedded | null
  receiver: Receiver
  workers: Worker[]
  startWorkers(count: number, env?: Record<string, string>): Promise<void>
  /** Starts an API process without keys; returns its origin. */
  startApi(env?: Record<string, string>): Promise<string>
}

/**
 * Runs a trial with a fresh database and a receiver, and takes everything down after it.
 *
 * @param settings of the embedded server, over its own
 */
export async function withRig(
  trial: (rig: Rig) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-trial-'))
  const external = process.env.TRIAL_DATABASE_URL
  const embedded = external
    ? null
    : await startEmbedded({ dataDir: folder, settings, log: (line) => console.log(`# ${line}`) })
  const url = external ?? (embedded as Embedded).url
  await applyMigrations(url)
  const pool = createPool(url, { max: 4, queryMs: 60_000, name: 'trial' })
  const receiver = await startReceiver()
  const workers: Worker[] = []
  const rig: Rig = {
    url,
    pool,
    embedded,
    receiver,
    workers,
    async startWorkers(count, env = {}) {
      const first = await liveWorkers(pool)
      for (let n = 0; n < count; n += 1) workers.push(startWorker(url, env))
      await until(async () => (await liveWorkers(pool)) >= first + count, 30_000, 'workers to start')
    },
    async startApi(env = {}) {
      const { origin, ...api } = await startApi(url, env)
      workers.push(api)
      return origin
    },
  }
  try {
    console.log(await serverVersion(pool, embedded !== null, settings))
    await trial(rig)
  } finally {
    await Promise.all(workers.map((it) => it.end('SIGKILL')))
    await receiver.close()
    await pool.end()
    await embedded?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Workers that have said within 15 s that they live. */
export async function liveWorkers(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from workers where heartbeat_at > now() - interval '15 seconds'`,
  )
  return rows[0]?.n ?? 0
}
