// The same stream of one-time jobs among ever more jobs that will be due some day. Prints how late they are and what they
// cost, and FAIL where more idle jobs make that more than a bound allows.
import { type Arena, withArena } from './arena.ts'
import { flagOf, positionals } from './args.ts'
import { median, spread, verdict } from './figures.ts'
import { burst, startFleet, stream } from './fleet.ts'
import { withIdleJobs } from './idle-jobs.ts'
import type { Run } from './measure.ts'

const WORKERS = 2
/** Callbacks before the first that counts: a process is slow until its code has been compiled. */
const WARM_UP = 1_000
/** What the others are compared with. */
const FEW = 1_000
/** By how much it may be more than with few idle jobs. */
const bounds: [jobs: number, bound: number][] = [
  [1_000_000, 1.15],
  [10_000_000, 1.3],
]

const figures: [name: string, pick: (run: Run) => number, unit: string][] = [
  ['lateness p50', (it) => it.p50, 'ms'],
  ['lateness p99', (it) => it.p99, 'ms'],
  ['CPU of the workers per callback', (it) => it.workerCpu, 'ms'],
  ['CPU of the server per callback', (it) => it.serverCpu, 'ms'],
]

export async function flat(args: string[]): Promise<void> {
  const [rate = 100, seconds = 20, runs = 5] = positionals(args)
  const given = flagOf(args, 'jobs') ?? '1000,100000,1000000,10000000'
  const sizes = given.split(',').map(Number)
  await withArena(
    async (arena) => {
      const all = new Map<number, Run[]>(sizes.map((size) => [size, []]))
      for (let run = 1; run <= runs; run += 1) {
        // The other way round every other time: a machine that gets slower must not always meet the largest.
        for (const size of run % 2 === 0 ? sizes.toReversed() : sizes) {
          const it = await runOnce(arena, size, rate, seconds)
          all.get(size)?.push(it)
          console.log(
            `# run ${run}, ${size} idle jobs: p50 ${it.p50.toFixed(1)} ms, p99 ${it.p99.toFixed(1)} ms, ` +
              `CPU per callback: workers ${it.workerCpu.toFixed(3)} ms, server ${it.serverCpu.toFixed(3)} ms`,
          )
        }
      }
      console.log(`\n${rate} callbacks /s for ${seconds} s: median of ${runs} (least to most)`)
      for (const [size, its] of all) {
        for (const [name, pick, unit] of figures)
          console.log(`${size} idle jobs: ${name} ${spread(its.map(pick), 3)} ${unit}`)
      }
      judge(all)
    },
    { dataDir: process.env.BENCH_DATA_DIR },
  )
}

async function runOnce(arena: Arena, size: number, rate: number, seconds: number): Promise<Run> {
  const fleet = await startFleet(await withIdleJobs(arena, size), WORKERS)
  try {
    await burst(arena, fleet, WARM_UP, [`${arena.receiver.origin}/burst`])
    return await stream(arena, fleet, rate, seconds)
  } finally {
    await fleet.stop()
  }
}

function judge(all: Map<number, Run[]>): void {
  const result = verdict()
  for (const [size, runs] of all) {
    const faults = runs.flatMap((it) => it.faults)
    result.check(`${size} idle jobs: each callback once, none early`, faults.length === 0, faults.join('; '))
  }
  const { judged, missing } = compare(all)
  for (const { what, ratio, bound } of judged) result.atMost(what, ratio, bound, ' ×')
  for (const it of missing) console.log(`not judged: ${it}`)
  result.end()
}

/** What is held against a bound, and in words which bounds nothing can be held against. */
export function compare(all: Map<number, Run[]>) {
  const judged: { what: string; ratio: number; bound: number }[] = []
  const missing: string[] = []
  const middle = (size: number, pick: (run: Run) => number) => median((all.get(size) ?? []).map(pick))
  for (const [size, bound] of bounds) {
    const absent = [FEW, size].filter((it) => !all.has(it))
    if (absent.length > 0) {
      missing.push(`the bounds at ${size} idle jobs by ${FEW}, since ${absent.join(' and ')} did not take part`)
      continue
    }
    for (const [name, pick] of figures.slice(1)) {
      const what = `${name} at ${size} idle jobs by that at ${FEW}`
      const ratio = middle(size, pick) / middle(FEW, pick)
      if (Number.isNaN(ratio)) missing.push(`${what}, which was not measured`)
      else judged.push({ what, ratio, bound })
    }
  }
  return { judged, missing }
}
