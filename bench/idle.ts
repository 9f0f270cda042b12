// Workers with nothing due, among many jobs that will be due some day: the CPU time of each, and the statements that all
// of them send and which they are; beside as many bare pg-boss, in turn. Prints FAIL where a bound is broken.
import { type Arena, withArena } from './arena.ts'
import { positionals } from './args.ts'
import { onPostgres } from './contenders.ts'
import { cpuSeconds } from './cpu.ts'
import { median, spread, verdict } from './figures.ts'
import { startFleet } from './fleet.ts'
import { withIdleJobs } from './idle-jobs.ts'
import { byText, countStatements, follow, logNoStatements, logStatements } from './statements.ts'
import { wait } from './until.ts'

const CPU_PERCENT = 0.5
const STATEMENTS = 12
/** How long those who have started may settle in, ms. */
const SETTLE_MS = 10_000
/** Statements that are shown, those sent most often. */
const SHOWN = 20

/** What so many processes took with nothing to do. */
interface Quiet {
  /** Of each, percent of a core. */
  cpu: number[]
  /** Statements that all of them sent; null when the server is not ours. */
  sent: string[] | null
}

export async function idle(args: string[]): Promise<void> {
  const [jobs = 1_000_000, workers = 4, seconds = 30, runs = 3] = positionals(args)
  const names = {
    ours: `ours, ${workers} workers, ${jobs} idle jobs`,
    bare: `pg-boss as it comes, ${workers} processes`,
  }
  await withArena(
    async (arena) => {
      const url = await withIdleJobs(arena, jobs)
      const all: Record<keyof typeof names, Quiet[]> = { ours: [], bare: [] }
      for (let run = 1; run <= runs; run += 1) {
        const cpu = await cpuOfOurs(url, workers, seconds)
        all.ours.push({ cpu, sent: await statementsOfOurs(arena, url, workers, seconds) })
        all.bare.push(await bare(arena, names.bare, workers, seconds))
        for (const who of ['ours', 'bare'] as const)
          console.log(`# run ${run}, ${describe(names[who], all[who].slice(-1), seconds)}`)
      }
      console.log(`\nnothing due for ${seconds} s: median of ${runs} (least to most)`)
      for (const who of ['ours', 'bare'] as const) {
        console.log(describe(names[who], all[who], seconds))
        for (const it of shown(all[who].at(-1)?.sent ?? [], seconds)) console.log(it)
      }
      judge(all.ours, workers, seconds)
    },
    { dataDir: process.env.BENCH_DATA_DIR },
  )
}

/** The bound is each worker's: the one that takes most has to keep it. */
const largest = ({ cpu }: Quiet) => Math.max(...cpu)

/** Statements a second of each run; none when the server is not ours. */
const rates = (runs: Quiet[], seconds: number) =>
  runs.flatMap(({ sent }) => (sent === null ? [] : [countStatements(sent) / seconds]))

function judge(ours: Quiet[], workers: number, seconds: number): void {
  const result = verdict()
  result.atMost('CPU of the worker that takes most', median(ours.map(largest)), CPU_PERCENT, ' % of a core')
  const sent = rates(ours, seconds)
  if (sent.length > 0) result.atMost(`statements of ${workers} workers`, median(sent), STATEMENTS, ' /s')
  else console.log('not judged: statements, since the server is not ours')
  result.end()
}

function describe(name: string, runs: Quiet[], seconds: number): string {
  const most = spread(runs.map(largest), 2)
  const sum = spread(
    runs.map(({ cpu }) => cpu.reduce((all, it) => all + it, 0)),
    2,
  )
  const sent = rates(runs, seconds)
  const requests = runs.map((it) => (it.sent?.length ?? 0) / seconds)
  const traffic = sent.length === 0 ? '' : ` · ${spread(sent, 1)} statements /s in ${spread(requests, 1)} requests /s`
  return `${name}: CPU of the one that takes most ${most} % of a core, of all ${sum} %${traffic}`
}

/** The statements that were sent most often. */
const shown = (sent: string[], seconds: number) =>
  byText(sent)
    .slice(0, SHOWN)
    .map(([count, text]) => `#   ${(count / seconds).toFixed(2).padStart(6)} /s  ${text}`)

/** Percent of a core, of each worker. */
async function cpuOfOurs(url: string, workers: number, seconds: number): Promise<number[]> {
  const fleet = await startFleet(url, workers)
  try {
    await wait(SETTLE_MS)
    return await cpuOf(fleet.pids, seconds)
  } finally {
    await fleet.stop()
  }
}

async function cpuOf(pids: number[], seconds: number): Promise<number[]> {
  const before = pids.map(cpuSeconds)
  await wait(seconds * 1_000)
  return pids.map((pid, n) => ((cpuSeconds(pid) - (before[n] ?? 0)) * 100) / seconds)
}

/** In a run of its own, since the server takes time for writing them down. */
async function statementsOfOurs(arena: Arena, url: string, workers: number, seconds: number): Promise<string[] | null> {
  if (arena.dataDir === null) return null
  const database = new URL(url).pathname.slice(1)
  await logStatements(arena, database)
  const fleet = await startFleet(url, workers)
  // Ours are the only sessions there now: the bench itself must not be counted.
  await fleet.pool.end()
  try {
    await wait(SETTLE_MS)
    const logged = follow(arena.dataDir)
    await wait(seconds * 1_000)
    return logged()
  } finally {
    await fleet.stop()
    await logNoStatements(arena, database)
  }
}

/** pg-boss as it comes, each of its processes supervising, with one queue and nothing in it. */
async function bare(arena: Arena, name: string, processes: number, seconds: number): Promise<Quiet> {
  const started = await onPostgres(name, 'pg-boss-bare', 'promise', processes, logStatements).start(arena)
  try {
    await wait(SETTLE_MS)
    const logged = arena.dataDir === null ? null : follow(arena.dataDir)
    const cpu = await cpuOf(started.pids, seconds)
    return { cpu, sent: logged?.() ?? null }
  } finally {
    await started.stop()
  }
}
