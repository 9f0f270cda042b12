import type { Arena } from './arena.ts'
import { cpuSeconds } from './cpu.ts'
import { percentile } from './figures.ts'
import { until, wait } from './until.ts'

/** How long those who have sent all may settle up, ms: what they still write down is part of the work. */
const SETTLE_MS = 1_500

/** What so many callbacks came to. */
export interface Run {
  /** Callbacks a second, from the moment when the first was due to the arrival of the last. */
  rate: number
  /** How late they arrived, ms. */
  p50: number
  p90: number
  p99: number
  max: number
  /** CPU time per callback, ms: of all workers, and of the database server; NaN where there is none of ours. */
  workerCpu: number
  serverCpu: number
  /** What must not be, in words. */
  faults: string[]
}

export interface Load {
  /** Whose. */
  name: string
  count: number
  /** When the first are due. */
  due: Date
  /** The processes that send, and that of their database server; 0 when it is not ours. */
  pids: number[]
  serverPid: number
  /** Inserts what is to be sent, in good time before `due`. */
  insert(): Promise<void>
  /** How long after `due` the last must have arrived, ms. */
  withinMs?: number
}

/** Inserts a load, waits until all of it has arrived, and says what it took. The receiver's log begins anew with it. */
export async function measure(arena: Arena, load: Load): Promise<Run> {
  const { name, count, due } = load
  await arena.receiver.take()
  await load.insert()
  const leftMs = due.getTime() - Date.now()
  if (leftMs < 100) throw new Error(`${name} took too long to insert ${count}: they are due by now.`)
  await wait(leftMs - 100)
  const cpu = () => ({
    workers: load.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    server: load.serverPid ? cpuSeconds(load.serverPid) : Number.NaN,
  })
  const before = cpu()
  await until(async () => (await arena.receiver.count()) >= count, load.withinMs ?? 300_000, `${name} to send all`)
  await wait(SETTLE_MS)
  const after = cpu()
  const arrivals = await arena.receiver.take()
  const lateness = arrivals.map((it) => it.at - it.scheduledFor)
  const [least, last] = [Math.min(...lateness), Math.max(...arrivals.map((it) => it.at))]
  const each = (seconds: number) => (seconds * 1_000) / count
  return {
    rate: (count * 1_000) / (last - due.getTime()),
    ...{ p50: percentile(lateness, 50), p90: percentile(lateness, 90), p99: percentile(lateness, 99) },
    max: percentile(lateness, 100),
    workerCpu: each(after.workers - before.workers),
    serverCpu: each(after.server - before.server),
    faults: [
      ...(arrivals.length === count ? [] : [`${arrivals.length} callbacks of ${count}`]),
      ...(new Set(arrivals.map((it) => it.id)).size === count ? [] : ['some came twice']),
      ...(least >= 0 ? [] : [`one came ${(-least).toFixed(1)} ms early`]),
    ],
  }
}

/** The next whole second by which `count` can have been inserted. */
export function soon(count: number): Date {
  return new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 2_000 + Math.ceil(count / 5_000) * 1_000)
}
