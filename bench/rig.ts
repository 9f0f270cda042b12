// What every trial and bench needs: a database, a receiver, workers, jobs. All are processes of their own.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StoredDelivery } from '@scheduler/core/delivery'
import type { IntervalSchedule, Misfire, OverlapPolicy } from '@scheduler/core/schedule'
import { createPool, type Pool } from '@scheduler/db/client'
import { type Embedded, startEmbedded } from '@scheduler/db/embedded/start-embedded'
import { applyMigrations } from '@scheduler/db/migrate'
import { createJob, newJobId } from '@scheduler/db/queries/create-job'
import type { Arrival } from './receiver.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface Receiver {
  origin: string
  /** All of them, where it listens on several ports. */
  origins: string[]
  count(): Promise<number>
  arrivals(): Promise<Arrival[]>
  close(): Promise<void>
}

/** A receiver process; the query of a callback URL says how it answers: `?delay=ms&status=500`. See receiver.ts. */
export async function startReceiver(port = 0, ports = 1): Promise<Receiver> {
  const child = fork(here('./receiver.ts'), [String(port), String(ports)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const [, ...open] = String(line).trim().split(' ')
  const origins = open.map((it) => `http://127.0.0.1:${it}`)
  const [origin = ''] = origins
  return {
    ...{ origin, origins },
    count: async () => Number(await (await fetch(`${origin}/count`)).text()),
    arrivals: async () => {
      const text = await (await fetch(`${origin}/log`)).text()
      return text ? text.split('\n').map((it) => JSON.parse(it) as Arrival) : []
    },
    close: async () => {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

export interface Worker {
  process: ChildProcess
  /** Signals it and resolves with its exit code, or null when it was killed. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts a worker process; its log goes to `logFile` or nowhere. */
export function startWorker(url: string, env: Record<string, string> = {}, logFile?: string): Worker {
  return startProcess('../apps/worker/src/main.ts', url, env, logFile)
}

function startProcess(main: string, url: string, env: Record<string, string>, logFile?: string): Worker {
  const out = logFile ? openSync(logFile, 'a') : 'ignore'
  const child = spawn(process.execPath, [here(main)], {
    env: { ...process.env, LOG_LEVEL: 'warn', ...env, DATABASE_URL: url },
    stdio: ['ignore', out, out === 'ignore' ? 'inherit' : out],
  })
  if (typeof out === 'number') closeSync(out)
  return {
    process: child,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    },
  }
}

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

/** Runs a trial with a fresh database and a receiver, and takes everything down after it. */
export async function withRig(trial: (rig: Rig) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-trial-'))
  const external = process.env.TRIAL_DATABASE_URL
  const embedded = external ? null : await startEmbedded({ dataDir: folder, log: (line) => console.log(`# ${line}`) })
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
      const log = process.env.TRIAL_LOG
      const first = await liveWorkers(pool)
      for (let n = 0; n < count; n += 1) workers.push(startWorker(url, env, log))
      await until(async () => (await liveWorkers(pool)) >= first + count, 30_000, 'workers to start')
    },
    async startApi(env = {}) {
      const port = await freePort()
      workers.push(startProcess('../apps/api/src/main.ts', url, { ...env, PORT: String(port) }, process.env.TRIAL_LOG))
      const origin = `http://127.0.0.1:${port}`
      await until(async () => (await fetch(`${origin}/health/ready`)).ok, 30_000, 'the API to start')
      return origin
    },
  }
  try {
    await trial(rig)
  } finally {
    await Promise.all(workers.map((it) => it.end('SIGKILL')))
    await receiver.close()
    await pool.end()
    await embedded?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function liveWorkers(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from workers where heartbeat_at > now() - interval '15 seconds'`,
  )
  return rows[0]?.n ?? 0
}

/** Polls until `test` holds. @throws after `timeoutMs`. */
export async function until(test: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await test().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What a trial's jobs have unless told otherwise: one attempt each, so that what is counted is what was dispatched. */
const oneAttempt: StoredDelivery = { retry: { limit: 0 } }

/** Inserts `count` one-time jobs due at `at`, in bulk. */
export async function insertOnceJobs(
  pool: Pool,
  count: number,
  at: Date,
  callbackUrl: string,
  delivery = oneAttempt,
): Promise<void> {
  const { origin, hostname } = new URL(callbackUrl)
  await pool.query(
    `insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
       callback_url, destination, callback_host, timezone, schedule, policies, payload, delivery)
     select gen_random_uuid(), 'once', 'active', 1, $2, $2, now(), now(), now(), $3, $4, $5, 'UTC',
       jsonb_build_object('type', 'once', 'at', $6::text), '{}', '{"n":1}', $7
     from generate_series(1, $1)`,
    [count, at, callbackUrl, origin, hostname, at.toISOString(), JSON.stringify(delivery)],
  )
}

/**
 * Creates an interval job whose first occurrence is `start`. Unless told otherwise each of its occurrences is sent,
 * whatever became of the one before.
 */
export async function createIntervalJob(
  pool: Pool,
  job: {
    seconds: number
    start: Date
    end?: Date
    callbackUrl: string
    misfire?: Partial<Misfire>
    overlap?: OverlapPolicy
    delivery?: StoredDelivery
    flowKey?: string
  },
): Promise<string> {
  const { origin, hostname } = new URL(job.callbackUrl)
  const id = newJobId()
  const now = new Date()
  const schedule: IntervalSchedule = {
    type: 'interval',
    every: { seconds: job.seconds },
    anchor: job.start.toISOString().replace('Z', '+00:00'),
    anchorGiven: true,
    ...(job.end && { end: job.end.toISOString().replace('Z', '+00:00') }),
  }
  await createJob(
    pool,
    {
      id,
      type: 'interval',
      nextRunAt: job.start,
      nextScheduledFor: job.start,
      cursorAt: new Date(Math.min(now.getTime(), job.start.getTime() - 1)),
      callbackUrl: job.callbackUrl,
      destination: origin,
      callbackHost: hostname,
      timezone: 'UTC',
      schedule,
      policies: { overlap: job.overlap ?? 'allow', ...(job.misfire && { misfire: job.misfire }) },
      name: null,
      externalId: null,
      tags: [],
      payload: '{"n":1}',
      delivery: job.delivery ?? oneAttempt,
      flowKey: job.flowKey ?? null,
    },
    now,
  )
  return id
}

/** Percentile `p` (0 to 100) of numbers in any order. */
export function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN
}

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Counts what a claim is about; prints it, and remembers whether it held. */
export function verdict() {
  let failed = 0
  return {
    check(what: string, holds: boolean, figure: string | number = '') {
      if (!holds) failed += 1
      console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${figure === '' ? '' : `: ${figure}`}`)
    },
    end() {
      if (failed > 0) process.exitCode = 1
    },
  }
}
