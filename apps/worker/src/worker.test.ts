import type { Pool } from '@scheduler/db/client'
import { test as base } from '@scheduler/db/test/database'
import { describe, expect, inject, onTestFinished } from 'vitest'
import { attempts, createOnceJobs, databaseNow, ledger, many, states } from '../test/jobs.ts'
import { type Answer, answerAfter, type Receiver, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { spawnWorker, startWorker, type WorkerProcess } from '../test/worker-process.ts'

const test = base.extend('start', ({ databaseUrl }) => async (env: Record<string, string> = {}) => {
  const worker = await startWorker(databaseUrl, env)
  onTestFinished(() => end(worker))
  return worker
})

async function end(worker: WorkerProcess) {
  worker.kill('SIGKILL')
  await worker.exited
}

async function receiver(answer?: Answer): Promise<Receiver> {
  const it = await startReceiver(answer)
  onTestFinished(it.close)
  return it
}

const succeeded = (pool: Pool, count: number) => async () => (await states(pool)).succeeded === count

describe('SIGTERM', () => {
  test('in the middle of a callback: it is finished and recorded, nothing new starts, and the worker exits with 0', async ({
    pool,
    start,
  }) => {
    const here = await receiver(answerAfter(700))
    const worker = await start()
    await createOnceJobs(pool, [{ url: `${here.origin}/` }])
    await until('the request', () => here.open === 1)
    worker.kill('SIGTERM')
    await worker.logged('draining')
    await createOnceJobs(pool, [{ url: `${here.origin}/later` }])
    expect(await worker.exited).toBe(0)
    expect(await states(pool)).toEqual({ succeeded: 1 })
    expect(await attempts(pool)).toEqual([{ attempt: 1, outcome: 'succeeded', status: 200, error: null }])
    expect(here.arrivals).toHaveLength(1)
    expect((await pool.query('select from workers')).rowCount).toBe(0)
  })

  test('with a receiver slower than the drain time: it exits with 0 in time, and another worker sends attempt 2', async ({
    pool,
    start,
  }) => {
    const here = await receiver(() => {})
    const worker = await start({ DRAIN_TIMEOUT_SECONDS: '1' })
    await createOnceJobs(pool, [{ url: `${here.origin}/` }])
    await until('the request', () => here.open === 1)
    const since = performance.now()
    worker.kill('SIGTERM')
    expect(await worker.exited).toBe(0)
    expect(performance.now() - since).toBeGreaterThan(900)
    expect(performance.now() - since).toBeLessThan(3_500)
    expect(await states(pool)).toEqual({ waiting: 1 })
    here.answer = (_, response) => response.end()
    await start()
    await until('the second attempt', succeeded(pool, 1))
    expect(here.arrivals.map((it) => it.attempt)).toEqual([1, 2])
    expect(new Set(here.arrivals.map((it) => it.id)).size).toBe(1)
    expect((await attempts(pool)).map((it) => it.outcome)).toEqual(['abandoned', 'succeeded'])
  })

  test('while the database is not there yet: it exits with 0', async () => {
    const worker = spawnWorker({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' })
    onTestFinished(() => end(worker))
    await worker.logged('connecting to the database failed, trying again')
    worker.kill('SIGTERM')
    expect(await worker.exited).toBe(0)
  })
})

test('SIGKILL in the middle of a callback: another worker sends it again, same webhook-id, attempt 2, within 20 s', {
  timeout: 60_000,
}, async ({ pool, start }) => {
  const here = await receiver(() => {})
  const victim = await start()
  await createOnceJobs(pool, many(3, { url: `${here.origin}/` }))
  await until('the requests', () => here.open === 3)
  await start()
  victim.kill('SIGKILL')
  const since = performance.now()
  expect(await victim.exited).toBeNull()
  here.answer = (_, response) => response.end()
  await until('all to be sent again', () => here.arrivals.length === 6, 30_000)
  expect(performance.now() - since).toBeLessThan(20_000)
  await until('all to be recorded', succeeded(pool, 3))
  for (const them of Map.groupBy(here.arrivals, (it) => it.id).values()) {
    expect(them.map((it) => it.attempt)).toEqual([1, 2])
  }
  expect((await attempts(pool)).map(({ attempt, outcome }) => `${attempt} ${outcome}`)).toEqual(
    Array.from({ length: 3 }, () => ['1 abandoned', '2 succeeded']).flat(),
  )
})

test.for([
  ['an hour ahead', 3_600_000],
  ['an hour behind', -3_600_000],
] as const)(
  'a worker whose wall clock is %s sends nothing early and nothing late, with the right timestamp',
  async ([, offset], { pool, start }) => {
    const arrivedAt = new Map<string, number>()
    const here = await receiver((it, response) => {
      arrivedAt.set(it.id, Date.now())
      response.end()
    })
    // The server runs on this machine's clock; how far it is from the database's is asked all the same.
    const skewMs = Date.now() - Number(await databaseNow(pool))
    const preload = new URL('../test/wrong-clock.ts', import.meta.url).href
    const worker = await start({ NODE_OPTIONS: `--import=${preload}`, CLOCK_OFFSET_MS: String(offset) })
    const ready = await worker.logged('ready')
    expect(Math.abs(Number(ready.time) - Date.now() - offset), 'its clock is wrong').toBeLessThan(60_000)
    const inMs = [-50, 300, 800, 1_300, 1_800]
    await createOnceJobs(
      pool,
      [...inMs, 1_800_000].map((ms) => ({ url: `${here.origin}/`, inMs: ms })),
    )
    await until('all that is due', succeeded(pool, inMs.length))
    expect(here.arrivals).toHaveLength(inMs.length)
    for (const { id, headers } of here.arrivals) {
      const at = (arrivedAt.get(id) ?? 0) - skewMs
      const lateMs = at - Date.parse(String(headers['x-scheduler-scheduled-for']))
      expect(lateMs).toBeGreaterThan(-20)
      expect(lateMs).toBeLessThan(1_000)
      expect(Math.abs(Number(headers['webhook-timestamp']) * 1_000 - at)).toBeLessThan(2_000)
    }
    const { rows } = await pool.query(
      "select finished_at - started_at < interval '5 s' as ok, started_at from attempts",
    )
    expect(rows.every((row) => row.ok && Math.abs(row.started_at - Date.now()) < 60_000)).toBe(true)
  },
)

describe('a bad environment', () => {
  test.for([
    ['a number that is none', { WORKER_CONCURRENCY: 'many' }, /^Bad environment\. WORKER_CONCURRENCY: .+\.\n$/],
    ['two at once', { CIRCUIT_FAIL_MAX: '0', LOG_LEVEL: 'loud' }, /^Bad environment\. .*CIRCUIT_FAIL_MAX.*\n$/],
    ['no database', {}, /^No database is named\. Set DATABASE_URL, .+\.\n$/],
    ['a database in part', { DB_HOST: 'db' }, /^The database is named in part only\. Set DB_USER, .+\.\n$/],
    [
      'a range that is none',
      { DATABASE_URL: 'postgres://x/y', CALLBACK_ALLOW_CIDRS: 'ten' },
      /^CALLBACK_ALLOW_CIDRS: ten .+\.\n$/,
    ],
  ] as const)('(%s) ends the worker with 1 and a sentence, without a stack', async ([, env, sentence]) => {
    const worker = spawnWorker({ ...env })
    onTestFinished(() => end(worker))
    expect(await worker.exited).toBe(1)
    expect(worker.errors).toMatch(sentence)
    expect(worker.output.trimEnd().split('\n')).toHaveLength(1)
  })
})

test('the log of a delivery has its ids and no secrets: no payload, no query, no password, no answer', async ({
  pool,
  start,
}) => {
  const here = await receiver((_, response) => response.end('ANSWER-CANARY'))
  const worker = await start({ LOG_LEVEL: 'trace' })
  const payload = '{"token":"PAYLOAD-CANARY"}'
  const [id] = await createOnceJobs(pool, [
    { url: `${here.origin}/path-canary?key=QUERY-CANARY`, payload },
    { url: 'http://127.0.0.1:1/?key=QUERY-CANARY', payload },
    { url: 'http://USER-CANARY:PASSWORD-CANARY@127.0.0.1:1/', payload },
  ])
  await until('all to be settled', async () => {
    const { succeeded: sent = 0, failed = 0 } = await states(pool)
    return sent === 1 && failed === 2
  })
  worker.kill('SIGTERM')
  expect(await worker.exited).toBe(0)
  const line = worker.lines.find(({ msg }) => msg === 'callback answered')
  expect(line).toMatchObject({ jobId: id, attempt: 1, destination: here.origin, status: 200, outcome: 'succeeded' })
  expect(line?.executionId).toBe(here.arrivals[0]?.id)
  expect(worker.lines.filter(({ msg }) => msg === 'callback failed')).toHaveLength(2)
  expect(worker.output).not.toMatch(/CANARY|authorization/i)
  expect(worker.errors).toBe('')
})

test('two workers go on when every connection of theirs is ended, again and again: nothing is lost or doubled', {
  timeout: 60_000,
}, async ({ pool, start }) => {
  const here = await receiver(answerAfter(30))
  const workers = [await start(), await start()]
  const ids: string[] = []
  for (let round = 0; round < 4; round += 1) {
    ids.push(...(await createOnceJobs(pool, many(50, { url: `${here.origin}/`, inMs: 200 }))))
    await until('some of the round', () => here.arrivals.length > round * 50 + 10)
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name in ('scheduler worker', 'scheduler listener')`,
    )
  }
  await until('all to succeed', succeeded(pool, 200), 30_000)
  expect(workers.map(({ process }) => process.exitCode ?? process.signalCode)).toEqual([null, null])
  expect((await ledger(pool)).map((it) => it.jobId).sort()).toEqual(ids.sort())
  expect(here.arrivals).toHaveLength(200)
  expect(new Set(here.arrivals.map((it) => it.id)).size).toBe(200)
  for (const worker of workers) worker.kill('SIGTERM')
  expect(await Promise.all(workers.map((it) => it.exited))).toEqual([0, 0])
})

test('a worker whose listener hears nothing says so and what to do, and still sends what is due', async ({
  pool,
  start,
}) => {
  const here = await receiver()
  // Another database: as through a pooler in transaction mode, LISTEN succeeds and nothing of ours ever arrives.
  const worker = await start({ DATABASE_DIRECT_URL: inject('adminUrl') })
  const { level, reason } = await worker.logged('notifications do not arrive', 20_000)
  expect({ level, reason }).toEqual({ level: 50, reason: expect.stringMatching(/Set DATABASE_DIRECT_URL/) })

  await createOnceJobs(pool, many(3, { url: `${here.origin}/` }))

  await until('the outcomes', succeeded(pool, 3))
  expect(worker.lines.filter((line) => line.msg === 'notifications do not arrive')).toHaveLength(1)
})
