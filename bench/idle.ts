// Workers with nothing due, among many jobs that will be due some day: the CPU time of each, and the statements that all
// of them send; beside as many bare pg-boss. Prints FAIL where a bound is broken, and then which statements they were.
import { type Arena, withArena } from './arena.ts'
import { positionals } from './args.ts'
import { onPostgres } from './contenders.ts'
import { cpuSeconds } from './cpu.ts'
import { median, verdict } from './figures.ts'
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

export async function idle(args: string[]): Promise<void> {
  const [jobs = 1_000_000, workers = 4, seconds = 60] = positionals(args)
  const result = verdict()
  await withArena(
    async (arena) => {
      const url = await withIdleJobs(arena, jobs)
      const cpu = await cpuOfOurs(url, workers, seconds)
      console.log(`ours, ${jobs} idle jobs: CPU ${cpu.map((it) => it.toFixed(2)).join(', ')} % of a core`)
      result.atMost('CPU of a worker, median of all', median(cpu), CPU_PERCENT, ' % of a core')

      const ours = await statementsOfOurs(arena, url, workers, seconds)
      if (ours === null) console.log('# the server is not ours: its statements are not counted')
      else {
        show(`ours, ${workers} workers`, ours, seconds)
        result.atMost(`statements of ${workers} workers`, countStatements(ours) / seconds, STATEMENTS, ' /s')
      }
      await bare(arena, workers, seconds)
    },
    { dataDir: process.env.BENCH_DATA_DIR },
  )
  result.end()
}

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
async function bare(arena: Arena, processes: number, seconds: number): Promise<void> {
  const name = `pg-boss as it comes, ${processes} processes`
  const started = await onPostgres(name, 'pg-boss-bare', 'promise', processes, logStatements).start(arena)
  try {
    await wait(SETTLE_MS)
    const logged = arena.dataDir === null ? null : follow(arena.dataDir)
    const cpu = await cpuOf(started.pids, seconds)
    console.log(`${name}: CPU ${cpu.map((it) => it.toFixed(2)).join(', ')} % of a core`)
    if (logged) show(name, logged(), seconds)
  } finally {
    await started.stop()
  }
}

function show(name: string, sent: string[], seconds: number): void {
  const [statements, requests] = [countStatements(sent), sent.length].map((it) => (it / seconds).toFixed(1))
  console.log(`${name}: ${statements} statements /s in ${requests} requests /s`)
  for (const [count, text] of byText(sent).slice(0, SHOWN)) {
    console.log(`#   ${(count / seconds).toFixed(2).padStart(6)} /s  ${text}`)
  }
}
