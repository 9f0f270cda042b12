// POST /jobs/batch of 10,000 beside a bare batched insert of the same rows, in runs that alternate; what other requests see
// of it meanwhile; and batches that pause, resume and delete as many.
import { cpuSeconds } from '../cpu.ts'
import { percentile } from '../rig.ts'
import { bareInsert, insertedRows } from './bare-insert.ts'
import { median } from './figures.ts'
import type { Loader, Server } from './parties.ts'
import type { Extent, Parts } from './parts.ts'

const JOBS = 10_000

const jobOf = (_: unknown, n: number) => ({
  type: 'once',
  schedule_time: '2090-01-20T08:00:00+07:00',
  callback_url: `https://example.com/hooks/orders/${n}`,
  timezone: 'Asia/Jakarta',
  name: `Reminder ${n}`,
  external_id: `order-${n}`,
  tags: ['bench'],
  payload: { order: n, customer: { id: 4711, name: 'Ada' }, lines: [1, 2, 3] },
})

interface Asked<Body> {
  body: Body
  ms: number
  /** CPU of the API's process, ms. */
  cpu: number
}

async function post<Body>({ origin, pid }: Server, path: string, body: string): Promise<Asked<Body>> {
  const [began, before] = [performance.now(), cpuSeconds(pid)]
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${origin}${path}`, { method: 'POST', headers, body })
  const text = await answer.text()
  const ms = performance.now() - began
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`)
  return { body: JSON.parse(text) as Body, ms, cpu: (cpuSeconds(pid) - before) * 1_000 }
}

interface Results {
  results: { status: number; job_id: string }[]
}

/** One connection that asks every few milliseconds whether the process lives: what it waits is what the event loop is held up. */
async function besides<T>(loader: Loader, { origin }: Server, work: () => Promise<T>): Promise<[T, longest: number]> {
  const order = { origin, method: 'GET', path: '/health/live', connections: 1, ms: 60_000, pauseMs: 2 } as const
  const asking = loader.run(order)
  const done = await work()
  loader.stop()
  return [done, percentile((await asking).latencies, 100)]
}

function refuseFailures(path: string, { results }: Results, wanted: number): string[] {
  const failed = results.filter(({ status }) => status >= 300).length
  if (failed > 0 || results.length !== JOBS) throw new Error(`${path}: ${failed} failed, ${wanted} wanted`)
  return results.map((it) => it.job_id)
}

export async function bulk({ loader, api, pool, result }: Parts, { runs }: Extent): Promise<void> {
  const body = JSON.stringify(Array.from({ length: JOBS }, jobOf))
  const ours: Asked<Results>[] = []
  const bare: { ms: number; cpu: number }[] = []
  const longest: number[] = []
  const rows = await insertedRows(pool, await created(api, body))
  // The first round warms up, and is left out.
  for (let run = 0; run <= runs; run += 1) {
    const [asked, held] = await besides(loader, api, () => post<Results>(api, '/jobs/batch', body))
    refuseFailures('/jobs/batch', asked.body, 201)
    const took = await bareInsert(pool, rows)
    if (run === 0) continue
    ours.push(asked)
    bare.push(took)
    longest.push(held)
  }
  const rate = (ms: number) => `${((JOBS / ms) * 1_000).toFixed(0)} /s`
  console.log(
    `POST /jobs/batch: ${rate(median(ours.map((it) => it.ms)))}, 10,000 jobs in ${median(ours.map((it) => it.ms)).toFixed(0)} ms`,
  )
  console.log(`POST /jobs/batch: CPU of its process ${(median(ours.map((it) => it.cpu)) / JOBS).toFixed(3)} ms a job`)
  console.log(
    `bare batched insert: ${rate(median(bare.map((it) => it.ms)))}, 10,000 rows in ${median(bare.map((it) => it.ms)).toFixed(0)} ms, CPU of its process ${(median(bare.map((it) => it.cpu)) / JOBS).toFixed(3)} ms a row`,
  )
  const ratio = median(ours.map((it, i) => (bare[i]?.ms ?? 0) / it.ms))
  result.check('POST /jobs/batch ≥ 0.5 × a bare batched insert', ratio >= 0.5, `${ratio.toFixed(2)} ×`)
  result.check('another request waits at most 50 ms for it', median(longest) <= 50, `${median(longest).toFixed(0)} ms`)
  await changes(loader, api, body, { runs, result })
}

const created = async (api: Server, body: string) =>
  refuseFailures('/jobs/batch', (await post<Results>(api, '/jobs/batch', body)).body, 201)

async function changes(
  loader: Loader,
  api: Server,
  body: string,
  { runs, result }: { runs: number } & Pick<Parts, 'result'>,
): Promise<void> {
  const took = new Map<string, Asked<Results>[]>()
  const longest: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const ids = await created(api, body)
    for (const what of ['pause', 'resume', 'delete']) {
      const path = `/jobs/batch/${what}`
      const [asked, held] = await besides(loader, api, () => post<Results>(api, path, JSON.stringify(ids)))
      refuseFailures(path, asked.body, 200)
      took.set(what, [...(took.get(what) ?? []), asked])
      longest.push(held)
    }
  }
  for (const [what, all] of took) {
    const [ms, cpu] = [median(all.map((it) => it.ms)), median(all.map((it) => it.cpu))]
    console.log(
      `POST /jobs/batch/${what}: 10,000 jobs in ${ms.toFixed(0)} ms, CPU of its process ${(cpu / JOBS).toFixed(3)} ms a job`,
    )
  }
  result.check(
    'another request waits at most 50 ms for those',
    median(longest) <= 50,
    `${median(longest).toFixed(0)} ms`,
  )
}
