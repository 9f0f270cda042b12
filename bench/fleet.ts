// Worker processes of ours on one database.
import { createPool, type Pool } from '@scheduler/db/client'
import { cpuSeconds } from './cpu.ts'
import { startWorker, type Worker } from './processes.ts'
import { liveWorkers } from './rig.ts'
import { until } from './until.ts'

export interface Fleet {
  url: string
  pool: Pool
  workers: Worker[]
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
    await pool.end()
  }
  try {
    await until(async () => (await liveWorkers(pool)) >= count, 60_000, 'workers to start')
  } catch (error) {
    await stop()
    throw error
  }
  const cpu = () => workers.reduce((sum, it) => sum + cpuSeconds(it.process.pid ?? 0), 0)
  return { url, pool, workers, cpu, stop }
}
