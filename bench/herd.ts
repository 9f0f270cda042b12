// N callbacks due in the same second, by ours and by its peers, one after the other and around again. Prints drain rate,
// lateness and CPU time of each, and FAIL where a ratio is below its bound.
import { type Arena, withArena } from './arena.ts'
import { flagOf, positionals } from './args.ts'
import { type Contender, onPostgres, onRedis, ours, raw } from './contenders.ts'
import { median, spread, verdict } from './figures.ts'
import { runHerd } from './herd-run.ts'
import type { Run } from './measure.ts'
import { redisVersion } from './redis.ts'
import { wait } from './until.ts'

export async function herd(args: string[]): Promise<void> {
  const [count = 10_000, workers = 2, runs = 3] = positionals(args)
  const only = flagOf(args, 'only')?.split(',')
  const chosen = contenders(workers).filter((it) => !only || only.some((part) => it.name.includes(part)))
  const schedules = Number(flagOf(args, 'schedules') ?? 0)
  await withArena(async (arena) => {
    const all = new Map<string, Run[]>(chosen.map((it) => [it.name, []]))
    for (let run = 1; run <= runs; run += 1) {
      // Another one first each time: a machine that gets slower must not always meet the same ones.
      const first = ((run - 1) * 3) % Math.max(1, chosen.length)
      for (const contender of [...chosen.slice(first), ...chosen.slice(0, first)]) {
        const it = await runHerd(arena, contender, count)
        all.get(contender.name)?.push(it)
        console.log(`# run ${run}, ${describe(contender.name, [it])}`)
      }
    }
    console.log(`\n${count} callbacks due in one second: median of ${runs} (least to most)`)
    for (const [name, its] of all) console.log(describe(name, its))
    if (schedules > 0) await schedule(arena, schedules, workers)
    judge(all, workers)
  })
}

function contenders(workers: number): Contender[] {
  const redis = redisVersion()
  if (redis) console.log(`# Redis ${redis}`)
  else console.log('# there is no redis-server on the PATH: BullMQ is left out')
  const withRedis = redis
    ? [
        onRedis('BullMQ, promise', 'bullmq', 'promise', workers),
        onRedis('BullMQ, stream', 'bullmq', 'stream', workers),
        onRedis('BullMQ append-only, promise', 'bullmq', 'promise', workers, true),
      ]
    : []
  return [
    ours(workers),
    onPostgres('graphile-worker, promise', 'graphile', 'promise', workers),
    onPostgres('graphile-worker, stream', 'graphile', 'stream', workers),
    ...withRedis,
    onPostgres('pg-boss, promise', 'pg-boss', 'promise', workers),
    onPostgres('pg-boss, stream', 'pg-boss', 'stream', workers),
    onPostgres('pg-boss batched, promise', 'pg-boss-batched', 'promise', workers),
    onPostgres('pg-boss batched, stream', 'pg-boss-batched', 'stream', workers),
    ...(workers === 1 ? [] : [ours(1)]),
    raw('raw got, promise', 'promise'),
    raw('raw got, stream', 'stream'),
    raw('raw node:http', 'http'),
  ]
}

/** pg-boss's schedules fire by the minute, and one at a time: few of them, once. */
async function schedule(arena: Arena, count: number, workers: number): Promise<void> {
  const peer = onPostgres('pg-boss schedule(), promise', 'pg-boss-schedule', 'promise', workers)
  const nextMinute = () => new Date(Math.ceil(Date.now() / 60_000) * 60_000)
  // A minute that begins while they are inserted would make some of them fire once more.
  const intoMinute = Date.now() % 60_000
  if (intoMinute > 30_000) await wait(60_000 - intoMinute)
  console.log(`\n${count} schedules of every minute, one minute of them`)
  console.log(describe(peer.name, [await runHerd(arena, peer, count, nextMinute)]))
}

function describe(name: string, runs: Run[]): string {
  const of = (pick: (run: Run) => number, digits = 0) => spread(runs.map(pick), digits)
  const server = Number.isNaN(runs[0]?.serverCpu) ? '' : `, server ${of((it) => it.serverCpu, 3)} ms`
  return (
    `${name}: drain rate ${of((it) => it.rate)} /s · lateness p50 ${of((it) => it.p50)} ms, p99 ${of((it) => it.p99)} ms` +
    ` · CPU per callback: workers ${of((it) => it.workerCpu, 3)} ms${server}`
  )
}

function judge(all: Map<string, Run[]>, workers: number): void {
  const result = verdict()
  console.log('')
  for (const [name, runs] of all) {
    const faults = runs.flatMap((it) => it.faults)
    // What a peer does twice or not at all is its own affair, but then its figures are of something else.
    result.check(`${name}: each callback once, none early`, faults.length === 0, faults.join('; '))
  }
  const rate = (name: string) => median((all.get(name) ?? []).map((it) => it.rate))
  const absent = new Set<string>()
  const [us, single] = [ours(workers).name, ours(1).name]
  const bounds: [string, string, number][] = [
    [us, 'BullMQ, promise', 1.3],
    [us, 'BullMQ, stream', 1],
    [us, 'graphile-worker, promise', 1.5],
    [single, 'raw got, stream', 0.95],
  ]
  for (const [name, peer, bound] of bounds) {
    const ratio = rate(name) / rate(peer)
    if (Number.isNaN(ratio)) absent.add(all.has(name) ? peer : name)
    else result.atLeast(`drain rate of ${name} by that of ${peer}`, ratio, bound, ' ×')
  }
  if (absent.size > 0) console.log(`not judged: the bounds on ${[...absent].join(' · ')}, which did not take part`)
  result.end()
}
