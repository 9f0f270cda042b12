import { type Retry, retryOf } from '@scheduler/core/delivery'
import { backoffMs } from '@scheduler/core/retry'
import { test } from '@scheduler/db/test/database'
import { expect, onTestFinished } from 'vitest'
import { createOnceJobs, ledger, type OnceJob } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { type Answer, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

const retry: Partial<Retry> = { limit: 3, minBackoffSeconds: 0.2, maxBackoffSeconds: 0.5, factor: 2, jitter: 0.2 }
/** What an attempt may be late beyond its backoff. */
const LATE_MS = 2_500

/** Ways to fail: what is answered, and how long that asks to be left alone, ms. */
const failures: Record<string, { asksMs: number; answer: Answer }> = {
  '500': { asksMs: 0, answer: (_, response) => response.writeHead(500).end() },
  '404': { asksMs: 0, answer: (_, response) => response.writeHead(404).end() },
  '429': { asksMs: 0, answer: (_, response) => response.writeHead(429).end() },
  seconds: { asksMs: 1_000, answer: (_, response) => response.writeHead(503, { 'retry-after': '1' }).end() },
  reset: { asksMs: 0, answer: (_, response) => response.destroy() },
  garbage: { asksMs: 0, answer: (_, response) => response.writeHead(503, { 'retry-after': 'later' }).end() },
}

/** Fails the first attempts, as many as the path says (/500/2), and keeps the time: when each was here, by `id attempt`. */
function failsFirst(times: Map<string, number>): Answer {
  return (arrival, response, request) => {
    const [, how = '', fails = '0'] = arrival.path.split('/')
    times.set(`${arrival.id} ${arrival.attempt}`, performance.now())
    if (arrival.attempt > Number(fails)) response.end('ok')
    else failures[how]?.answer(arrival, response, request)
  }
}

interface Tried {
  path: string
  state: string
  dead: boolean
  failures: number
  id: string
  attempts: number[]
}

test('each failure is followed by an attempt within its backoff, none of them early, until it works or the limit is reached', async ({
  pool,
  databaseUrl,
}) => {
  const times = new Map<string, number>()
  const receiver = await startReceiver(failsFirst(times))
  const parts = await startParts(databaseUrl, { failMax: 1_000, concurrency: 100, destinationConcurrency: 100 })
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  const paths = Object.keys(failures).flatMap((how) => [0, 1, 2, 3, 4, 5].map((fails) => `/${how}/${fails}`))
  const jobs = paths.map((path): OnceJob => ({ url: `${receiver.origin}${path}`, delivery: { retry } }))
  await createOnceJobs(pool, jobs)
  parts.dispatcher.wake()
  await until(
    'all to end',
    async () => {
      const ended = (await ledger(pool)).filter((it) => ['succeeded', 'failed'].includes(it.state))
      return ended.length === paths.length
    },
    18_000,
  )
  const { rows } = await pool.query<Tried>(`
    select substring(j.callback_url from '//[^/]+(/.*)') as path, e.state::text, e.dead_at is not null as dead,
      e.failures, e.id,
      (select array_agg(a.attempt order by a.attempt) from attempts a where a.execution_id = e.id) as attempts
    from executions e join jobs j on j.id = e.job_id`)
  expect(rows.map((it) => it.path).toSorted()).toEqual(paths.toSorted())
  const full = retryOf({ retry })
  for (const { path, state, dead, failures: failed, id, attempts } of rows) {
    const [, how = '', fails = ''] = path.split('/')
    const works = Number(fails) <= full.limit
    const tries = Math.min(Number(fails), full.limit + 1)
    expect({ path, state, dead, failed }).toEqual({
      path,
      state: works ? 'succeeded' : 'failed',
      dead: !works,
      failed: tries,
    })
    expect(attempts).toEqual(Array.from({ length: tries + Number(works) }, (_, n) => n + 1))
    expect([...new Set(receiver.of(path).map((it) => it.attempt))], path).toEqual(attempts)
    for (const n of attempts.slice(1)) {
      const waitMs = (times.get(`${id} ${n}`) ?? 0) - (times.get(`${id} ${n - 1}`) ?? 0)
      const dueMs = Math.max(backoffMs(full, n - 1, id), failures[how]?.asksMs ?? 0)
      expect(waitMs, `${path}, attempt ${n}`).toBeGreaterThanOrEqual(dueMs)
      expect(waitMs, `${path}, attempt ${n}`).toBeLessThan(dueMs + LATE_MS)
    }
  }
})
