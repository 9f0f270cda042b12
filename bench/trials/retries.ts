// Receivers that fail each execution so many times, in several ways: as many attempts and one more, each within its backoff,
// none early; and a dead letter of each that fails more often than it may be retried.
import { type Retry, retryOf } from '@scheduler/core/delivery'
import { backoffMs } from '@scheduler/core/retry'
import type { Pool } from '@scheduler/db/client'
import type { Arrival } from '../receiver.ts'
import { insertOnceJobs, percentile, startReceiver, until, verdict, withRig } from '../rig.ts'

const retry: Partial<Retry> = { limit: 4, minBackoffSeconds: 1, maxBackoffSeconds: 4, factor: 2, jitter: 0.2 }
const ways = ['500', '404', '429', '503-seconds', '503-date', 'reset']
const times = [0, 1, 2, 3, 4, 5]
const full = retryOf({ retry })

export async function retries(args: string[]): Promise<void> {
  const [count = 1_008, workers = 2, boundMs = 2_000] = args.map(Number)
  const kinds = ways.flatMap((how) => times.map((fails) => ({ how, fails })))
  const each = Math.ceil(count / kinds.length)
  await withRig(async ({ pool, startWorkers }) => {
    // One destination for each kind: of one that fails most requests a worker has only few in flight.
    const receiver = await startReceiver(0, kinds.length)
    // What is asked here is about retries, not about the destination: no circuit opens.
    await startWorkers(workers, { CIRCUIT_FAIL_MAX: '1000' })
    const start = Date.now() + 2_000
    for (const [n, { how, fails }] of kinds.entries()) {
      const url = `${receiver.origins[n]}/${how}/${fails}?how=${how}&fails=${fails}`
      await insertOnceJobs(pool, each, new Date(start + n * 400), url, { retry })
    }
    const ended = async () => (await pool.query('select from executions where finished_at is not null')).rowCount
    await until(async () => (await ended()) === each * kinds.length, 120_000, 'all executions to end')
    const result = verdict()
    judgeArrivals(await receiver.arrivals(), boundMs, result)
    await judgeLedger(pool, each, result)
    await receiver.close()
    result.end()
  })
}

type Verdict = ReturnType<typeof verdict>

function judgeArrivals(arrivals: Arrival[], boundMs: number, result: Verdict): void {
  const executions = Map.groupBy(arrivals, (it) => it.id)
  const late: number[] = []
  let wrong = 0
  let outside = 0
  for (const [id, them] of executions) {
    const attempts = Map.groupBy(them, (it) => it.attempt)
    const fails = Number(them[0]?.path.split('/')[2])
    if (attempts.size !== Math.min(fails, full.limit) + 1) wrong += 1
    for (let n = 1; n < attempts.size; n += 1) {
      const before = attempts.get(n)?.at(-1)
      const at = attempts.get(n + 1)?.[0]?.at ?? Number.NaN
      const endedAt = before?.endedAt ?? Number.NaN
      const awayMs = (before?.awayUntil ?? 0) - endedAt
      late.push(at - endedAt - Math.max(backoffMs(full, n, id), awayMs))
      const plainMs = Math.max(backoffMs({ ...full, jitter: 0 }, n, id), awayMs)
      if (at - endedAt < plainMs || at - endedAt > plainMs * (1 + full.jitter) + boundMs) outside += 1
    }
  }
  const repeated = arrivals.length - new Set(arrivals.map((it) => `${it.id} ${it.attempt}`)).size
  console.log(`${executions.size} executions, ${late.length} retries, ${arrivals.length} requests`)
  console.log(`requests repeated at once, since a kept connection was reset under them: ${repeated}`)
  result.check('executions with another number of attempts than their failures and one', wrong === 0, wrong)
  const early = late.filter((it) => !(it >= 0))
  result.check('attempts before their time', early.length === 0, `${early.length} (${Math.min(...late).toFixed(1)} ms)`)
  result.check(`attempts outside their backoff and ${boundMs} ms`, outside === 0, outside)
  const of = (p: number) => percentile(late, p).toFixed(0)
  console.log(`late beyond the backoff: p50 ${of(50)} ms, p99 ${of(99)} ms, most ${Math.max(...late).toFixed(0)} ms`)
}

async function judgeLedger(pool: Pool, each: number, result: Verdict): Promise<void> {
  const { rows } = await pool.query<{ fails: number; state: string; dead: boolean; attempts: number; n: number }>(`
    select split_part(j.callback_url, 'fails=', 2)::int as fails, e.state::text, e.dead_at is not null as dead,
      (select count(*)::int from attempts a where a.execution_id = e.id) as attempts, count(*)::int as n
    from executions e join jobs j on j.id = e.job_id group by 1, 2, 3, 4 order by 1`)
  for (const fails of times) {
    const works = fails <= full.limit
    const [row, ...others] = rows.filter((it) => it.fails === fails)
    const holds =
      others.length === 0 &&
      row?.state === (works ? 'succeeded' : 'failed') &&
      row.dead === !works &&
      row.attempts === Math.min(fails, full.limit) + 1 &&
      row.n === each * ways.length
    const said = `${row?.n} ${row?.state}${row?.dead ? ', dead letters' : ''}, ${row?.attempts} attempts each`
    result.check(`those that fail ${fails} times`, holds, said)
  }
}
