// Worker processes of ours on one database, and what they are given to do.
import { createPool, type Pool } from '@scheduler/db/client'
import type { Arena } from './arena.ts'
import { cpuSeconds } from './cpu.ts'
import { insertOnceJobs, oneAttempt } from './jobs.ts'
import { measure, type Run, soon } from './measure.ts'
import { startWorker, type Worker } from './processes.ts'
import { liveWorkers } from './rig.ts'
import { until } from './until.ts'

export interface Fleet {
  url: string
  pool: Pool
  workers: Worker[]
  pids: number[]
  /** CPU time that the workers have used, seconds. */
  cpu(): number
  /** Lets the workers finish what they hold. */
  stop(): Promise<void>
}

/** Starts `count` workers, and waits until they work. */
export async function startFleet(url: string, count: number, env: Record<string, string> = {}): Promise<Fleet> {
  const pool = createPool(url, { max: 4, queryMs: 600_000, name: 'bench' })
  const workers = Array.from({ length: count }, () => startWorker(url, env))
  const stop = async () => {
    await Promise.all(workers.map((it) => it.end('SIGTERM')))
    if (!pool.ended) await pool.end()
  }
  try {
    await until(async () => (await liveWorkers(pool)) >= count, 60_000, 'workers to start')
  } catch (error) {
    await stop()
    throw error
  }
  const pids = workers.map((it) => it.process.pid ?? 0)
  const cpu = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  return { url, pool, workers, pids, cpu, stop }
}

/** One-time jobs that are all due at one moment, shared out among `urls`. */
export async function burst(arena: Arena, fleet: Fleet, count: number, urls: string[]): Promise<Run> {
  const due = soon(count)
  return await measure(arena, {
    ...{ name: 'a burst', count, due, pids: fleet.pids, serverPid: arena.serverPid() },
    async insert() {
      for (const [n, url] of urls.entries()) {
        const share = Math.floor(count / urls.length) + (n < count % urls.length ? 1 : 0)
        await insertOnceJobs(fleet.pool, share, due, url)
      }
    },
  })
}

/** One-time jobs that fall due at random moments of the next `seconds`, `rate` of them a second. */
export async function stream(arena: Arena, fleet: Fleet, rate: number, seconds: number): Promise<Run> {
  const count = Math.round(rate * seconds)
  const due = soon(count)
  const until = new Date(due.getTime() + seconds * 1_000)
  return await measure(arena, {
    ...{ name: 'a stream', count, due, pids: fleet.pids, serverPid: arena.serverPid() },
    insert: () => insertOnceJobs(fleet.pool, count, due, `${arena.receiver.origin}/stream`, oneAttempt, until),
    withinMs: seconds * 1_000 + 120_000,
  })
}
