// Half an hour at half of what two workers can do, while clients create, edit and delete jobs. Prints each minute how late
// callbacks were, the memory of each process, and dead rows and sizes of the tables; and FAIL where it gets worse, or where a
// callback was lost, repeated or early.
import { setPriority } from 'node:os'
import type { Pool } from '@scheduler/db/client'
import { type Arena, withArena } from './arena.ts'
import { positionals } from './args.ts'
import { percentile, type Verdict, verdict } from './figures.ts'
import { burst, type Fleet, startFleet } from './fleet.ts'
import { familyMib, residentMib } from './memory.ts'
import { startApi } from './processes.ts'
import type { Arrival } from './receiver.ts'
import { arrivalRecord } from './soak-arrivals.ts'
import { judge, judgeCalls, judgeLedger, judgeStretch, type Minute, startOfWindow } from './soak-judge.ts'
import { databaseNow, drain, readLedger, unsent } from './soak-ledger.ts'
import { insertSoakJobs, startCalls } from './soak-load.ts'
import { hotTables } from './table-sizes.ts'
import { wait } from './until.ts'

const WORKERS = 2
const WARM_UP = 1_000
const SATURATING = 10_000
/** Where the interval jobs' callbacks go; those that the calls create go elsewhere, and are counted apart. */
const SOAK_PATH = '/soak'
/** How long after the last callback a repeated one is waited for, ms. */
const STRAY_MS = 3_000

type Api = Awaited<ReturnType<typeof startApi>>

export async function soak(args: string[]): Promise<void> {
  const [minutes = 30, given = 0] = positionals(args)
  if (!Number.isInteger(minutes) || minutes < 2) {
    throw new Error('A soak compares its last minutes with its first: give it 2 whole minutes or more.')
  }
  await withArena(async (arena) => {
    const rate = given || (await saturation(arena)) / 2
    console.log(`# ${rate.toFixed(0)} callbacks /s for ${minutes} minutes`)
    await withService(arena, async (fleet, api) => {
      const processes = new Map(fleet.pids.map((pid, n) => [`worker ${n + 1}`, () => residentMib(pid)]))
      processes.set('API', () => residentMib(api.process.pid ?? 0))
      if (arena.serverPid()) processes.set('server', () => familyMib(arena.serverPid()))
      await burst(arena, fleet, WARM_UP, [`${arena.receiver.origin}/burst`])
      const urls = { soak: `${arena.receiver.origin}${SOAK_PATH}`, once: `${arena.receiver.origin}/once` }
      const began = await databaseNow(fleet.pool)
      const calls = startCalls(api.origin, await insertSoakJobs(fleet.pool, rate, urls.soak), urls)
      const result = verdict()
      const record = arrivalRecord()
      const all = await watch({ arena, fleet, processes, minutes, record, result })
      await calls.stop()
      const occurrences = await drain(fleet.pool)
      await wait(STRAY_MS)
      const rest = await arena.receiver.take()
      judgeStretch('after the last minute', rest, record, result)
      all.at(-1)?.lateness.push(...(await lateAtTheEnd(fleet.pool, rest, all)))
      const ledger = await readLedger(fleet.pool, began, startOfWindow(all))
      judgeLedger(ledger, record.distinct(), occurrences, result)
      judgeCalls(calls, result)
      judge(all, rate, ledger.cancelledLast, result)
      result.end()
    })
  })
}

/** What was due before the end of the last minute, and had not arrived by then or has not yet: how late, ms. */
async function lateAtTheEnd(pool: Pool, rest: Arrival[], all: Minute[]): Promise<number[]> {
  const end = all.at(-1)?.endedAt ?? 0
  const arrived = rest.filter((it) => it.scheduledFor <= end).map((it) => it.at - it.scheduledFor)
  return [...arrived, ...(await unsent(pool))]
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

interface Watch {
  arena: Arena
  fleet: Fleet
  processes: Map<string, () => number>
  minutes: number
  record: ReturnType<typeof arrivalRecord>
  result: Verdict
}

async function watch({ arena, fleet, processes, minutes, record, result }: Watch): Promise<Minute[]> {
  // What is done here once a minute, with all that has arrived, gives way to those who are measured.
  setPriority(10)
  // The first ones begin after some seconds, and are soon as many as there will be.
  await wait(10_000)
  judgeStretch('before the first minute', await arena.receiver.take(), record, result)
  const began = Date.now()
  const all: Minute[] = []
  for (let minute = 1; minute <= minutes; minute += 1) {
    await wait(began + minute * 60_000 - Date.now())
    const endedAt = Date.now()
    const arrivals = await arena.receiver.take()
    const lateness = arrivals.map((it) => it.at - it.scheduledFor)
    const count = arrivals.filter((it) => it.path === SOAK_PATH).length
    const memory = new Map([...processes].map(([name, read]) => [name, read()]))
    all.push({ lateness, count, endedAt, memory })
    const late = `p50 ${percentile(lateness, 50).toFixed(1)} ms, p99 ${percentile(lateness, 99).toFixed(1)} ms`
    const held = [...memory].map(([name, mib]) => `${name} ${mib.toFixed(0)} MiB`).join(', ')
    const others = `${((arrivals.length - count) / 60).toFixed(0)} /s of one-time jobs`
    console.log(`minute ${minute}: ${(count / 60).toFixed(0)} /s, ${others} · lateness ${late} · memory ${held}`)
    judgeStretch(`minute ${minute}`, arrivals, record, result)
    const tables = (await hotTables(fleet.pool)).map(
      (it) => `${it.name} ${it.dead} dead, ${it.tableMib.toFixed(1)} MiB, indexes ${it.indexMib.toFixed(1)} MiB`,
    )
    console.log(`#   ${tables.join(' · ')}`)
  }
  return all
}
