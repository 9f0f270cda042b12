// Half an hour at half of what two workers can do, while clients create, edit and delete jobs. Prints each minute how late
// callbacks were, the memory of each process, and dead rows and sizes of the tables; and FAIL where it gets worse.
import { type Arena, withArena } from './arena.ts'
import { positionals } from './args.ts'
import { median, percentile, verdict } from './figures.ts'
import { burst, type Fleet, startFleet } from './fleet.ts'
import { familyMib, residentMib } from './memory.ts'
import { startApi } from './processes.ts'
import { insertSoakJobs, startCalls } from './soak-load.ts'
import { hotTables } from './table-sizes.ts'
import { wait } from './until.ts'

const WORKERS = 2
const WARM_UP = 1_000
const SATURATING = 10_000
/** Minutes at the beginning and at the end that are compared. */
const WINDOW = 5

const bounds = { p99: 1.2, growth: 1.1 }

type Api = Awaited<ReturnType<typeof startApi>>

interface Minute {
  lateness: number[]
  /** By process, MiB. */
  memory: Map<string, number>
}

export async function soak(args: string[]): Promise<void> {
  const [minutes = 30, given = 0] = positionals(args)
  await withArena(async (arena) => {
    const rate = given || (await saturation(arena)) / 2
    console.log(`# ${rate.toFixed(0)} callbacks /s for ${minutes} minutes`)
    await withService(arena, async (fleet, api) => {
      const processes = new Map(fleet.pids.map((pid, n) => [`worker ${n + 1}`, () => residentMib(pid)]))
      processes.set('API', () => residentMib(api.process.pid ?? 0))
      if (arena.serverPid()) processes.set('server', () => familyMib(arena.serverPid()))
      await burst(arena, fleet, WARM_UP, [`${arena.receiver.origin}/burst`])
      const callbackUrl = `${arena.receiver.origin}/soak`
      const calls = startCalls(api.origin, await insertSoakJobs(fleet.pool, rate, callbackUrl), callbackUrl)
      const all = await watch(arena, fleet, processes, minutes)
      await calls.stop()
      console.log(`# ${calls.made.creates} creates, ${calls.made.edits} edits, ${calls.made.deletes} deletes`)
      judge(all, rate, calls.refused)
    })
  })
}

/** Workers and an API that have just started, on an empty database. */
async function withService<T>(arena: Arena, work: (fleet: Fleet, api: Api) => Promise<T>): Promise<T> {
  const url = await arena.createOurs('bench_soak')
  const fleet = await startFleet(url, WORKERS, { DESTINATION_CONCURRENCY: '100' })
  try {
    const api = await startApi(url)
    try {
      return await work(fleet, api)
    } finally {
      await api.end('SIGTERM')
    }
  } finally {
    await fleet.stop()
  }
}

/**
 * Callbacks a second that the workers can do. Found out with processes of its own: those that have been through it hold
 * as much memory as ever after, and growth would not be seen.
 */
async function saturation(arena: Arena): Promise<number> {
  return await withService(arena, async (fleet) => {
    const urls = [`${arena.receiver.origin}/burst`]
    await burst(arena, fleet, WARM_UP, urls)
    const { rate } = await burst(arena, fleet, SATURATING, urls)
    console.log(`# saturation: ${rate.toFixed(0)} callbacks /s`)
    return rate
  })
}

async function watch(
  arena: Arena,
  fleet: Fleet,
  processes: Map<string, () => number>,
  minutes: number,
): Promise<Minute[]> {
  // The first ones begin after some seconds, and are soon as many as there will be.
  await wait(10_000)
  await arena.receiver.take()
  const all: Minute[] = []
  for (let minute = 1; minute <= minutes; minute += 1) {
    await wait(60_000)
    const lateness = (await arena.receiver.take()).map((it) => it.at - it.scheduledFor)
    const memory = new Map([...processes].map(([name, read]) => [name, read()]))
    all.push({ lateness, memory })
    const late = `p50 ${percentile(lateness, 50).toFixed(1)} ms, p99 ${percentile(lateness, 99).toFixed(1)} ms`
    const held = [...memory].map(([name, mib]) => `${name} ${mib.toFixed(0)} MiB`).join(', ')
    console.log(`minute ${minute}: ${(lateness.length / 60).toFixed(0)} /s · lateness ${late} · memory ${held}`)
    const tables = (await hotTables(fleet.pool)).map(
      (it) => `${it.name} ${it.dead} dead, ${it.tableMib.toFixed(1)} MiB, indexes ${it.indexMib.toFixed(1)} MiB`,
    )
    console.log(`#   ${tables.join(' · ')}`)
  }
  return all
}

function judge(all: Minute[], rate: number, refused: string[]): void {
  const window = Math.max(1, Math.min(WINDOW, Math.floor(all.length / 2)))
  const [first, last] = [all.slice(0, window), all.slice(-window)]
  const result = verdict()
  const count = (its: Minute[]) => its.reduce((sum, it) => sum + it.lateness.length, 0)
  result.atLeast('callbacks /s of the last minutes', count(last) / (window * 60), Math.floor(rate * 0.98), ' /s')
  result.check('calls of the API that were refused', refused.length === 0, [...new Set(refused)].slice(0, 3).join('; '))
  const p99 = (its: Minute[]) =>
    percentile(
      its.flatMap((it) => it.lateness),
      99,
    )
  result.atMost(
    `p99 of the last ${window} minutes by that of the first ${window}`,
    p99(last) / p99(first),
    bounds.p99,
    ' ×',
  )
  for (const name of first[0]?.memory.keys() ?? []) {
    const held = (its: Minute[]) => median(its.map((it) => it.memory.get(name) ?? Number.NaN))
    const growth = held(last) / held(first)
    // Of its shared memory a server takes what it comes to need: all of it in the end, and no more.
    if (name === 'server') console.log(`memory of the server by that of the first minutes: ${growth.toFixed(2)} ×`)
    else result.atMost(`memory of ${name} by that of the first minutes`, growth, bounds.growth, ' ×')
  }
  result.end()
}
