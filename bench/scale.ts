// 1, 2, 4 and 8 workers against receivers that take 100 ms: what bounds them is how much they have in flight, so that a
// worker more is a worker's rate more. Prints drain rates, and FAIL where their ratio is below its bound.
import { type Arena, withArena } from './arena.ts'
import { positionals } from './args.ts'
import { median, spread, verdict } from './figures.ts'
import { burst, startFleet } from './fleet.ts'
import { wait } from './until.ts'

const SIZES = [1, 2, 4, 8]
const CONCURRENCY = 20
const DELAY_MS = 100
/** By default a worker has half of its attempts in flight to one destination. */
const DESTINATIONS = 4
/** Of 4 workers and of 8, by the rate of one. */
const bounds: [workers: number, bound: number][] = [
  [4, 3.7],
  [8, 7],
]

export async function scale(args: string[]): Promise<void> {
  const [each = 2_000, runs = 3] = positionals(args)
  await withArena(
    async (arena) => {
      const rates = new Map<number, number[]>()
      const faults: string[] = []
      for (let run = 1; run <= runs; run += 1) {
        for (const workers of SIZES) {
          const it = await runOnce(arena, workers, each * workers)
          faults.push(...it.faults)
          rates.set(workers, [...(rates.get(workers) ?? []), it.rate])
          const cpu = `workers ${it.workerCpu.toFixed(3)} ms, server ${it.serverCpu.toFixed(3)} ms`
          console.log(
            `# run ${run}, ${workers} workers: drain rate ${it.rate.toFixed(0)} /s · CPU per callback: ${cpu}`,
          )
        }
      }
      console.log(`\n${each} callbacks a worker, ${DELAY_MS} ms each: median of ${runs} (least to most)`)
      for (const [workers, its] of rates) {
        const most = (workers * CONCURRENCY * 1_000) / DELAY_MS
        console.log(`${workers} workers: drain rate ${spread(its)} /s of ${most} /s at the most`)
      }
      const result = verdict()
      result.check('each callback once, none early', faults.length === 0, faults.join('; '))
      const rate = (workers: number) => median(rates.get(workers) ?? [])
      for (const [workers, bound] of bounds) {
        result.atLeast(`drain rate of ${workers} workers by that of 1`, rate(workers) / rate(1), bound, ' ×')
      }
      result.end()
    },
    { ports: DESTINATIONS },
  )
}

async function runOnce(arena: Arena, workers: number, count: number) {
  const url = await arena.createOurs('bench_scale')
  const fleet = await startFleet(url, workers, { WORKER_CONCURRENCY: String(CONCURRENCY) })
  try {
    await wait(1_500)
    return await burst(
      arena,
      fleet,
      count,
      arena.receiver.origins.map((origin) => `${origin}/?delay=${DELAY_MS}`),
    )
  } finally {
    await fleet.stop()
    await arena.drop('bench_scale')
  }
}
