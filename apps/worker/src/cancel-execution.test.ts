import { cancelExecution } from '@scheduler/db/queries/cancel-execution'
import { FAR } from '@scheduler/db/queries/ledger-rows'
import { executions } from '@scheduler/db/schema/index'
import { test as base } from '@scheduler/db/test/database'
import { execution } from '@scheduler/db/test/factories'
import { expect, onTestFinished } from 'vitest'
import { circuitChanges } from '../test/circuits.ts'
import { attempts, createOnceJobs, itemCount, ledger, many, states } from '../test/jobs.ts'
import { insertRepeating } from '../test/notified.ts'
import { startParts } from '../test/parts.ts'
import { type Answer, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { startWorker } from '../test/worker-process.ts'

const test = base
  .extend('start', ({ databaseUrl }) => async (env: Record<string, string> = {}) => {
    const worker = await startWorker(databaseUrl, env)
    onTestFinished(async () => {
      worker.kill('SIGKILL')
      await worker.exited
    })
    return worker
  })
  .extend('receiving', () => async (answer: Answer) => {
    const receiver = await startReceiver(answer)
    onTestFinished(receiver.close)
    return receiver
  })

test('an attempt in flight is broken off by whichever worker has it, not repeated, and what waited for it is sent', async ({
  db,
  pool,
  start,
  receiving,
}) => {
  const closed: string[] = []
  const here = await receiving(({ id }, response) => void response.once('close', () => closed.push(id)))
  await Promise.all([start(), start()])
  const jobId = await insertRepeating(pool, `${here.origin}/`, { policies: { overlap: 'queue_all' } })
  await until('the attempt to arrive', () => here.arrivals.length === 1)
  const [first] = await ledger(pool)
  const next = { state: 'waiting', reason: 'overlap_queued', behind: true, nextAttemptAt: FAR, attempt: 0 } as const
  await db.insert(executions).values(execution({ jobId, ...next, destination: here.origin, kind: 'backfill' }))

  expect(await cancelExecution(pool, first?.id ?? '')).toMatchObject({ reason: 'cancelled_by_hand', attempt: 1 })

  await until('the connection to be closed', () => closed.length === 1)
  await until('what waited to arrive', () => here.arrivals.length === 2)
  expect(closed).toEqual([first?.id])
  expect(await ledger(pool)).toMatchObject([
    { id: first?.id, state: 'cancelled', reason: 'cancelled_by_hand', attempt: 1 },
    { id: here.arrivals[1]?.id, state: 'running', attempt: 1 },
  ])
  expect(await attempts(pool)).toMatchObject([{ attempt: 1, outcome: 'abandoned' }])
  expect(await itemCount(pool)).toBe(1)
})

test('a 2xx that comes before the worker has heard of it counts', async ({ pool, databaseUrl, receiving }) => {
  const ends: (() => void)[] = []
  const here = await receiving((_, response) => void ends.push(() => response.end('ok')))
  // It listens to nobody.
  const parts = await startParts(databaseUrl)
  onTestFinished(() => parts.close())
  await createOnceJobs(pool, [{ url: `${here.origin}/` }])
  parts.dispatcher.wake()
  const end = await until('the attempt to arrive', () => ends[0])
  const id = here.arrivals[0]?.id ?? ''
  expect(await cancelExecution(pool, id)).toMatchObject({ state: 'running', reason: 'cancelled_by_hand' })
  end()
  await until('it to succeed', async () => (await states(pool)).succeeded === 1)
  expect(await ledger(pool)).toMatchObject([{ id, state: 'succeeded', reason: null, attempt: 1 }])
  await expect(cancelExecution(pool, id)).rejects.toMatchObject({ code: 'execution-finished' })
})

test('no attempt begins after the answer: a hundred are cancelled while two workers send them', async ({
  pool,
  databaseUrl,
  receiving,
}) => {
  const cameAt = new Map<string, number>()
  const here = await receiving(({ id }, response) => {
    cameAt.set(id, performance.now())
    response.end('ok')
  })
  const workers = await Promise.all([1, 2].map(() => startParts(databaseUrl, { destinationConcurrency: 4 })))
  onTestFinished(async () => void (await Promise.all(workers.map((it) => it.close()))))
  await createOnceJobs(pool, many(100, { url: `${here.origin}/` }))
  for (const { dispatcher } of workers) dispatcher.wake()
  const all = await until('all to be dispatched', async () => {
    const rows = await ledger(pool)
    return rows.length === 100 && rows
  })

  const answeredAt = new Map<string, number>()
  const cancelOne = async ({ id }: { id: string }) => {
    await cancelExecution(pool, id).catch((problem: { code?: string }) =>
      expect(problem.code).toBe('execution-finished'),
    )
    answeredAt.set(id, performance.now())
  }
  await Promise.all(all.toReversed().map(cancelOne))

  await until('all to be finished', async () => {
    const { running = 0, queued = 0, waiting = 0, parked = 0 } = await states(pool)
    return running + queued + waiting + parked === 0
  })
  await until('every item to be ended', async () => (await itemCount(pool)) === 0)
  const late = [...cameAt].filter(([id, at]) => at > (answeredAt.get(id) ?? 0))
  expect(late).toEqual([])
  const rows = await ledger(pool)
  expect(rows.filter((it) => it.state === 'cancelled').length).toBeGreaterThan(0)
  expect(rows.filter((it) => it.attempt === 0 && cameAt.has(it.id))).toEqual([])
  expect(rows.every((it) => it.state === 'succeeded' || it.reason === 'cancelled_by_hand')).toBe(true)
})

test('a probe that is cancelled in flight gives its turn to another, and the circuit closes by that', {
  timeout: 40_000,
}, async ({ pool, start, receiving }) => {
  const here = await receiving((_, response) => void response.writeHead(500).end())
  await createOnceJobs(pool, [{ url: `${here.origin}/` }])
  await start({ CIRCUIT_FAIL_MAX: '1', CIRCUIT_RESET_TIMEOUT: '1' })
  await until('it to open', async () => (await circuitChanges(pool)).length === 1)
  // It hangs.
  here.answer = () => {}
  await createOnceJobs(pool, many(3, { url: `${here.origin}/` }))
  const probe = await until('the probe to arrive', () => here.arrivals[1])
  here.answer = (_, response) => response.end('ok')

  await cancelExecution(pool, probe.id)

  await until('the others to succeed', async () => (await states(pool)).succeeded === 2, 20_000)
  expect((await ledger(pool)).find(({ id }) => id === probe.id)).toMatchObject({
    ...{ state: 'cancelled', reason: 'cancelled_by_hand', attempt: 1 },
  })
  expect((await circuitChanges(pool)).map(({ cause }) => cause)).toEqual([
    ...['failures', 'probe', 'probe_lost', 'probe', 'probe_succeeded'],
  ])
})
