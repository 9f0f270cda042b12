import type { Arena } from './arena.ts'
import type { Contender } from './contenders.ts'
import { cpuSeconds } from './cpu.ts'
import { percentile } from './figures.ts'
import { until, wait } from './until.ts'

/** How long workers that have started may settle in, and those that have sent all may settle up, ms. */
const SETTLE_MS = 1_500

/** What one run of one contender came to. */
export interface HerdRun {
  /** Callbacks a second, from the moment when all were due to the arrival of the last. */
  rate: number
  /** ms. */
  p50: number
  p99: number
  /** CPU time per callback, ms: of all its workers, and of the database server; NaN where there is none. */
  workerCpu: number
  serverCpu: number
  /** What must not be, in words. */
  faults: string[]
}

/** So many callbacks due at one moment, by one contender that is started for it and stopped after it. */
export async function runHerd(arena: Arena, contender: Contender, count: number, dueAt = soon): Promise<HerdRun> {
  const started = await contender.start(arena)
  try {
    await wait(SETTLE_MS)
    await arena.admin.query('checkpoint')
    await arena.receiver.take()
    const due = dueAt(count)
    await started.insert(count, due, `${arena.receiver.origin}/herd`)
    const leftMs = due.getTime() - Date.now()
    if (leftMs < 100) throw new Error(`${contender.name} took too long to insert ${count}: they are due by now.`)
    await wait(leftMs - 100)
    const cpu = () => ({
      workers: started.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
      server: started.serverPid ? cpuSeconds(started.serverPid) : Number.NaN,
    })
    const before = cpu()
    await until(async () => (await arena.receiver.count()) >= count, 300_000, `${contender.name} to send all`)
    // What it still writes down is part of the work.
    await wait(SETTLE_MS)
    const after = cpu()
    const arrivals = await arena.receiver.take()
    const lateness = arrivals.map((it) => it.at - due.getTime())
    const each = (seconds: number) => (seconds * 1_000) / count
    return {
      rate: count / (Math.max(...lateness) / 1_000),
      p50: percentile(lateness, 50),
      p99: percentile(lateness, 99),
      workerCpu: each(after.workers - before.workers),
      serverCpu: each(after.server - before.server),
      faults: [
        ...(arrivals.length === count ? [] : [`${arrivals.length} callbacks of ${count}`]),
        ...(new Set(arrivals.map((it) => it.id)).size === count ? [] : ['some came twice']),
        ...(Math.min(...lateness) >= 0 ? [] : [`one came ${(-Math.min(...lateness)).toFixed(1)} ms early`]),
      ],
    }
  } finally {
    await started.stop()
  }
}

/** A whole second, as far away as inserting takes. */
function soon(count: number): Date {
  return new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 2_000 + Math.ceil(count / 5_000) * 1_000)
}
