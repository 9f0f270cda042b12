// GET /jobs over a million jobs: the first page beside one at a depth of 900,000; and explanations over a million executions.
import { percentile } from '../rig.ts'
import { median } from './figures.ts'
import { fillJobs, fillLedger } from './fill.ts'
import { type Measured, measure } from './parties.ts'
import type { Extent, Parts } from './parts.ts'

const JOBS = 1_000_000
const DEPTH = 900_000

export async function pages({ loader, api, pool, result }: Parts, { runs, seconds }: Extent): Promise<void> {
  await fillJobs(pool, JOBS)
  const { rows } = await pool.query<{ id: string }>('select id from jobs order by id desc offset $1 limit 1', [
    DEPTH - 1,
  ])
  // As the Link header of the page before has it; to follow those from the first page on would take minutes.
  const cursor = Buffer.from(`jobs:${rows[0]?.id}`).toString('base64url')
  const paths = [
    ['the first page', '/jobs?limit=50'],
    [`the page at ${DEPTH}`, `/jobs?limit=50&cursor=${cursor}`],
  ] as const
  const measured = new Map<string, Measured[]>(paths.map(([name]) => [name, []]))
  for (let run = 0; run <= runs; run += 1) {
    for (const [name, path] of run % 2 === 0 ? paths : paths.toReversed()) {
      const order = { method: 'GET', path, connections: 1, ms: seconds * 500 } as const
      const one = await measure(loader, api, order)
      if (run > 0) measured.get(name)?.push(one)
    }
  }
  const [first = [], deep = []] = [...measured.values()]
  for (const [name, all] of measured) {
    const latency = (p: number) => median(all.map((it) => percentile(it.latencies, p))).toFixed(2)
    console.log(`GET /jobs of ${JOBS} jobs, ${name}: p50 ${latency(50)} ms, p99 ${latency(99)} ms`)
  }
  const p50 = (it: Measured | undefined) => percentile(it?.latencies ?? [], 50)
  const ratio = median(deep.map((it, i) => p50(it) / p50(first[i])))
  result.check(`${paths[1][0]} ≤ 1.5 × the first`, ratio <= 1.5, `${ratio.toFixed(2)} ×`)
}

const EXECUTIONS = 1_000_000

export async function explanations({ loader, api, pool, result }: Parts, { runs, seconds }: Extent): Promise<void> {
  const { jobId, at, executionId } = await fillLedger(pool, EXECUTIONS)
  const paths = [
    ['of a job, an instant that was sent', `/jobs/${jobId}/explain?at=${at.toISOString()}`],
    [
      'of a job, an instant that it does not name',
      `/jobs/${jobId}/explain?at=${new Date(at.getTime() + 1_000).toISOString()}`,
    ],
    ['of an execution', `/executions/${executionId}/explain`],
  ] as const
  for (const [name, path] of paths) {
    const all: Measured[] = []
    for (let run = 0; run < runs; run += 1) {
      all.push(await measure(loader, api, { method: 'GET', path, connections: 1, ms: seconds * 250 }))
    }
    const latency = (p: number) => median(all.map((it) => percentile(it.latencies, p)))
    const cpu = median(all.map((it) => it.cpu))
    console.log(
      `explain at ${EXECUTIONS} executions, ${name}: p50 ${latency(50).toFixed(2)} ms, p99 ${latency(99).toFixed(2)} ms, CPU of its process ${cpu.toFixed(2)} ms each`,
    )
    result.check(`explain ${name}, p99 ≤ 100 ms`, latency(99) <= 100, `${latency(99).toFixed(2)} ms`)
  }
}
