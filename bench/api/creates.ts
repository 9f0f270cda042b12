// POST /jobs and POST /jobs/interval beside bare servers that insert the same row, in runs that alternate.
import { median, printRuns } from './figures.ts'
import { type Loader, type Measured, measure, type Server, startBare } from './parties.ts'
import type { Extent, Parts } from './parts.ts'

const CONNECTIONS = 50

const common = {
  callback_url: 'https://example.com/hooks/orders?source=scheduler',
  timezone: 'Asia/Jakarta',
  name: 'Reminder for the order',
  tags: [],
  payload: { order: 'b7c1a8d2', customer: { id: 4711, name: 'Ada' }, lines: [1, 2, 3], note: 'x'.repeat(120) },
}
const once = JSON.stringify({ schedule_time: '2090-01-20T08:00:00+07:00', ...common })
const interval = JSON.stringify({ days: 1, start_date: '2090-01-20T08:00:00+07:00', ...common })

/** How much the bare server must add to its answers for them to be as long as the API's. */
async function missingBytes(loader: Loader, api: Server, bare: Server): Promise<number> {
  const order = { method: 'POST', path: '/jobs', body: once, connections: 1, requests: 1 } as const
  const [ours, theirs] = [await measure(loader, api, order), await measure(loader, bare, order)]
  return Math.max(0, ours.bytes - theirs.bytes)
}

export async function creates({ loader, api, url, result }: Parts, { runs, seconds }: Extent): Promise<void> {
  const first = await startBare('drizzle', url, 0)
  const padding = await missingBytes(loader, api, first)
  first.close()
  const bare = await startBare('drizzle', url, padding)
  const pg = await startBare('pg', url, padding)
  const none = await startBare('none', url, padding)
  const parties: [string, Server, path: string, body: string][] = [
    ['POST /jobs', api, '/jobs', once],
    ['bare express + zod + drizzle', bare, '/jobs', once],
    ['POST /jobs/interval', api, '/jobs/interval', interval],
    ['bare node:http + pg', pg, '/jobs', once],
    ['a server that does nothing', none, '/jobs', once],
  ]
  const measured = new Map<string, Measured[]>(parties.map(([name]) => [name, []]))
  // The first round warms all of them up, and is left out.
  for (let run = 0; run <= runs; run += 1) {
    // Every other round in the opposite order: what a run leaves to the next (vacuum, checkpoints) is not always the same one's.
    for (const [name, server, path, body] of run % 2 === 0 ? parties : parties.toReversed()) {
      const order = {
        method: 'POST',
        path,
        body,
        connections: CONNECTIONS,
        ms: (run === 0 ? 1 : seconds) * 1_000,
      } as const
      const one = await measure(loader, server, order)
      if (run > 0) measured.get(name)?.push(one)
    }
  }
  for (const it of [bare, pg, none]) it.close()
  const of = (name: string) => measured.get(name) ?? []
  for (const [name] of parties) printRuns(name, of(name))
  // Of each pair of neighbours in time: what else the machine was doing was then nearly the same for both.
  const ratio = (name: string) => median(of(name).map((it, i) => it.rate / (of(parties[1]?.[0] ?? '')[i]?.rate ?? 0)))
  const cpu = (name: string) => median(of(name).map((it) => it.cpu))
  const bareName = parties[1]?.[0] ?? ''
  console.log(`the load: CPU ${median(of('POST /jobs').map((it) => it.loadCpu)).toFixed(3)} ms each`)
  for (const name of ['POST /jobs', 'POST /jobs/interval']) {
    console.log(`${name}: CPU of its process ${(cpu(name) / cpu(bareName)).toFixed(2)} × the bare one’s`)
    result.check(`${name} ≥ 0.8 × ${bareName}`, ratio(name) >= 0.8, `${ratio(name).toFixed(2)} ×`)
  }
  const nothing = median(of('a server that does nothing').map((it) => it.rate))
  const fastest = Math.max(...parties.slice(0, 4).map(([name]) => median(of(name).map((it) => it.rate))))
  result.check(
    'the load can do more than any of them ≥ 1.5 ×',
    nothing >= 1.5 * fastest,
    `${(nothing / fastest).toFixed(2)} ×`,
  )
}
