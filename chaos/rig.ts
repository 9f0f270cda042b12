// What every scenario works on: a database of its own, a receiver, the processes of the service, and clients.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dice } from '@scheduler/core/test/dice'
import { createPool, type Pool } from '@scheduler/db/client'
import { type Embedded, startEmbedded } from '@scheduler/db/embedded/start-embedded'
import { applyMigrations } from '@scheduler/db/migrate'
import { type HoldUps, watchHoldUps } from '@scheduler/db/test/hold-ups'
import { type Receiver, startApi, startReceiver, startWorker, type Worker } from '../bench/processes.ts'
import { liveWorkers } from '../bench/rig.ts'
import { until } from '../bench/until.ts'
import type { Fault } from './history.ts'
import { judgeRun } from './judge-run.ts'
import { type LoadedClients, startLoad } from './load.ts'
import { waitUntilQuiet } from './quiet.ts'
import type { Lines } from './report.ts'
import type { Api, Load, Rig, Scenario } from './scenario.ts'

const QUIET_WITHIN_MS = 90_000
/** How many times less often jobs are due in the short form. */
const SELDOM = 2.5

export interface RigOptions {
  seed: number
  short: boolean
  lines: Lines
}

/** What a run has open and what it remembers. */
export interface Run {
  faults: Fault[]
  clients: LoadedClients[]
  /** Process ids of workers by their ids, of all that ever were. */
  pids: Map<string, number>
  quietSince: number
  holdUps: HoldUps
}

interface Ground {
  embedded: Embedded
  /** To the server that the database is on now. */
  pool: Pool
  receiver: Receiver
}

/** Runs a scenario, and takes everything down after it. */
export async function runScenario(scenario: Scenario, options: RigOptions): Promise<void> {
  const dataDir = (await scenario.dataDir?.()) ?? mkdtempSync(join(tmpdir(), 'scheduler-chaos-'))
  const embedded = await startEmbedded({ dataDir, settings: scenario.settings ?? {}, log: () => {} })
  const ground: Ground = { embedded, pool: openPool(embedded.url), receiver: await startReceiver() }
  const processes: Worker[] = []
  try {
    await applyMigrations(embedded.url)
    await scenario.run(openRig(ground, processes, options))
  } finally {
    await Promise.all(processes.map((it) => it.end('SIGKILL')))
    await ground.receiver.close()
    await ground.pool.end()
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** As many callbacks a second of jobs that are due less often: what is seconds late there is not left out for the next one yet. */
const seldom = (load: Load): Load => ({
  ...load,
  intervals: SELDOM * load.intervals,
  everyMs: SELDOM * load.everyMs,
})

const openPool = (url: string) => createPool(url, { max: 4, queryMs: 60_000, name: 'chaos' })

function openRig(ground: Ground, processes: Worker[], options: RigOptions): Rig {
  const { seed, short, lines } = options
  const run: Run = { faults: [], clients: [], pids: new Map(), quietSince: 0, holdUps: watchHoldUps() }
  const rolls = dice(seed)
  const { embedded, receiver } = ground
  const workers: Worker[] = []
  const apis: Api[] = []

  const rig: Rig = {
    ...{ dice: rolls, short, url: embedded.url, pool: ground.pool, embedded, receiver, workers, apis },
    check: lines.check,
    note: lines.note,
    say: lines.say,

    async startWorkers(count, env = {}) {
      const started = Array.from({ length: count }, () => startWorker(rig.url, env))
      workers.push(...started)
      processes.push(...started)
      const wanted = started.map((it) => it.process.pid ?? 0)
      await until(async () => await allBeat(rig.pool, run, wanted), 60_000, 'workers to start')
      return started
    },

    async startApi(env = {}) {
      const api = await startApi(rig.url, env)
      apis.push(api)
      processes.push(api)
      return api
    },

    startLoad(load) {
      // Dice of their own: how often clients roll goes by the clock, and must not decide what is broken.
      const common = {
        dice: dice(seed + 1 + run.clients.length),
        run: randomUUID(),
        api: () => apis[0]?.origin ?? 'http://127.0.0.1:9',
      }
      const clients = startLoad({ origin: receiver.origin, ...(short ? seldom(load) : load), ...common })
      run.clients.push(clients)
      return clients
    },

    async fault(fault, work) {
      const remembered: Fault = { ...fault, from: Date.now(), to: Number.POSITIVE_INFINITY }
      run.faults.push(remembered)
      try {
        return await work(remembered)
      } finally {
        remembered.to = Date.now()
      }
    },

    async moveTo(url) {
      const left = rig.pool
      rig.url = url
      rig.pool = ground.pool = openPool(url)
      await left.end()
    },

    async quiet(withinMs = QUIET_WITHIN_MS) {
      await waitUntilQuiet(rig, run, withinMs)
    },

    async judge(bounds) {
      await judgeRun(rig, run, bounds ?? {})
    },
  }
  return rig
}

/** Whether each of these processes has a heartbeat; remembers which worker it is. */
async function allBeat(pool: Pool, { pids }: Run, wanted: number[]): Promise<boolean> {
  const { rows } = await pool.query<{ id: string; pid: number }>('select id, pid from workers where pid = any($1)', [
    wanted,
  ])
  for (const { id, pid } of rows) pids.set(id, pid)
  return new Set(rows.map(({ pid }) => pid)).size === wanted.length && (await liveWorkers(pool)) > 0
}
