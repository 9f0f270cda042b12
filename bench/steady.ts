// One-time jobs that fall due at random moments, at a constant rate, among many jobs that will be due some day. Prints how
// late they are and what they cost, at that rate and at saturation, beside a bare process that has a timer for each.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Arena, withArena } from './arena.ts'
import { positionals } from './args.ts'
import { raw } from './contenders.ts'
import { median, spread, verdict } from './figures.ts'
import { burst, startFleet, stream } from './fleet.ts'
import { withIdleJobs } from './idle-jobs.ts'
import { measure, type Run, soon } from './measure.ts'

const WORKERS = 2
/** Callbacks before the first that counts: a process is slow until its code has been compiled. */
const WARM_UP = 1_000
const SATURATING = 10_000

const bounds = { p50: 5, p99: 25, cpu: 1.2, cpuSaturated: 0.45 }

export async function steady(args: string[]): Promise<void> {
  const [rate = 100, jobs = 1_000_000, seconds = 60, runs = 3] = positionals(args)
  await withArena(
    async (arena) => {
      const url = await withIdleJobs(arena, jobs)
      const folder = mkdtempSync(join(tmpdir(), 'scheduler-gc-'))
      const gcLog = join(folder, 'gc')
      const all: Record<'floor' | 'even' | 'full', Run[]> = { floor: [], even: [], full: [] }
      for (let run = 1; run <= runs; run += 1) {
        if (run > 1) await withIdleJobs(arena, jobs)
        all.floor.push(await timers(arena, rate, seconds))
        const { even, full } = await runOurs(arena, url, { rate, seconds, gcLog })
        all.even.push(even)
        all.full.push(full)
        console.log(describe(`# run ${run}, ours`, [even]))
        console.log(describe(`# run ${run}, ours at saturation`, [full]))
      }
      console.log(`\n${rate} callbacks /s for ${seconds} s: median of ${runs} (least to most)`)
      console.log(describe('a bare process with a timer for each', all.floor))
      console.log(describe(`ours, ${WORKERS} workers, ${jobs} idle jobs`, all.even))
      console.log(describe('ours, at saturation', all.full))
      for (const it of collections(gcLog)) console.log(it)
      rmSync(folder, { recursive: true, force: true })
      judge(all.even, all.full, rate)
    },
    { dataDir: process.env.BENCH_DATA_DIR },
  )
}

function judge(even: Run[], full: Run[], rate: number): void {
  const result = verdict()
  const faults = [...even, ...full].flatMap((it) => it.faults)
  result.check('each callback once, none early', faults.length === 0, faults.join('; '))
  const middle = (runs: Run[], pick: (run: Run) => number) => median(runs.map(pick))
  const cpu = (it: Run) => it.workerCpu
  result.atMost(
    'lateness p50',
    middle(even, (it) => it.p50),
    bounds.p50,
    ' ms',
  )
  result.atMost(
    'lateness p99',
    middle(even, (it) => it.p99),
    bounds.p99,
    ' ms',
  )
  result.atMost(`CPU of the workers per callback, ${rate} /s`, middle(even, cpu), bounds.cpu, ' ms')
  result.atMost('CPU of the workers per callback, at saturation', middle(full, cpu), bounds.cpuSaturated, ' ms')
  result.end()
}

async function runOurs(arena: Arena, url: string, load: { rate: number; seconds: number; gcLog: string }) {
  const probe = `--import=${new URL('./gc-probe.ts', import.meta.url).href}`
  const env = { DESTINATION_CONCURRENCY: '100', GC_LOG: load.gcLog, NODE_OPTIONS: probe }
  const fleet = await startFleet(url, WORKERS, env)
  try {
    const urls = [`${arena.receiver.origin}/burst`]
    await burst(arena, fleet, WARM_UP, urls)
    const even = await stream(arena, fleet, load.rate, load.seconds)
    const full = await burst(arena, fleet, SATURATING, urls)
    return { even, full }
  } finally {
    await fleet.stop()
  }
}

/** What Node's timers, the client and the receiver add by themselves. */
async function timers(arena: Arena, rate: number, seconds: number): Promise<Run> {
  const { pids, insert, stop } = await raw('timers', 'stream', seconds).start(arena)
  try {
    const count = rate * seconds
    const due = soon(count)
    return await measure(arena, {
      ...{ name: 'a bare process', count, due, pids, serverPid: 0, withinMs: seconds * 1_000 + 60_000 },
      insert: () => insert(count, due, `${arena.receiver.origin}/timers`),
    })
  } finally {
    await stop()
  }
}

function describe(name: string, runs: Run[]): string {
  const of = (pick: (run: Run) => number, digits: number) => spread(runs.map(pick), digits)
  const late = (['p50', 'p90', 'p99', 'max'] as const).map((key) => `${key} ${of((it) => it[key], 1)} ms`).join(', ')
  const server = Number.isNaN(runs[0]?.serverCpu) ? '' : `, server ${of((it) => it.serverCpu, 3)} ms`
  const cpu = `workers ${of((it) => it.workerCpu, 3)} ms${server}`
  return `${name}: ${of((it) => it.rate, 0)} /s · lateness ${late} · CPU per callback: ${cpu}`
}

/** How long each worker stood still for garbage collection, of all its life. */
function collections(file: string): string[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { count: number; totalMs: number; longestMs: number })
    .map(
      (it) =>
        `garbage collections of a worker: ${it.count}, ${it.totalMs.toFixed(0)} ms in all, the longest ${it.longestMs.toFixed(1)} ms`,
    )
}
