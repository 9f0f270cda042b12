import { eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { ago, ahead, job } from '../../test/factories.ts'
import { byHand, loseWorker, queueItems, queueUp, soleExecution, test, worker } from '../../test/queue.ts'
import { enqueue, newItemId } from '../queue.ts'
import { attempts, executions, jobs } from '../schema/index.ts'
import { transaction } from '../transaction.ts'
import type { Park } from './begin-attempts.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { pauseJob } from './pause-job.ts'
import { resumeJob } from './resume-job.ts'
import { runJob } from './run-job.ts'

const any = () => true
const open: Park = { reason: 'circuit_open', at: ahead(60) }

test("a claim begins the next attempt, and hands out the job's callback as it is now", async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  await db.update(jobs).set({ callbackUrl: 'http://receiver.test/new', payload: '{"b":1,"a":"\\u0000"}', version: 5 })
  const me = worker(pool, boss)

  const { claims, fetched } = await me.claim()

  const row = await soleExecution(pool)
  expect(fetched).toBe(1)
  expect(claims).toMatchObject([
    {
      executionId: row.id,
      scheduledFor: row.scheduledFor,
      attempt: 1,
      callbackUrl: 'http://receiver.test/new',
      payload: '{"b":1,"a":"\\u0000"}',
      jobVersion: 5,
    },
  ])
  expect(row).toMatchObject({ state: 'running', attempt: 1, reason: null, claimedBy: me.workerId })
  expect(row.claimedAt?.getTime()).toBeGreaterThan(ago(10).getTime())
})

test('when two workers claim at once, each item goes to one of them', async ({ db, pool, boss }) => {
  await queueUp(pool, boss, {}, 20)

  const claimed = await Promise.all([1, 2, 3, 4].map(() => worker(pool, boss).claim()))

  const ids = claimed.flatMap(({ claims }) => claims.map((it) => it.executionId))
  expect(new Set(ids).size).toBe(20)
  expect(ids).toHaveLength(20)
  expect(await db.$count(executions, eq(executions.attempt, 1))).toBe(20)
})

test('a cancelled execution is not sent, and its item is ended', async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  await db.update(executions).set({ state: 'cancelled', reason: 'deleted', finishedAt: ago(0) })

  expect(await worker(pool, boss).claim()).toEqual({ claims: [], held: [], fetched: 1, parked: 0 })
  expect(await queueItems(pool)).toEqual([])
  expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', attempt: 0 })
})

test('an item from an earlier dispatch claims nothing, and leaves the execution to the later one', async ({
  db,
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const later = newItemId()
  await db.update(executions).set({ itemId: later })

  expect(await worker(pool, boss).claim()).toMatchObject({ claims: [], fetched: 1 })
  expect(await soleExecution(pool)).toMatchObject({ state: 'queued', attempt: 0, itemId: later })
  expect(await queueItems(pool)).toEqual([])
})

test('an item that names no execution is ended, and does not keep the others from being claimed', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const never = { e: newItemId(), s: 9e15 }
  const strange = [{ e: '-'.repeat(36), s: 1 }, null, never, { e: newItemId(), s: ago(9).getTime() }].map((data) => ({
    id: newItemId(),
    data: data as { e: string; s: number },
  }))
  await transaction(pool, (client) => enqueue(boss, client, strange))

  expect(await worker(pool, boss).claim()).toMatchObject({ claims: [{ attempt: 1 }], fetched: 5 })
  expect(await queueItems(pool)).toMatchObject([{ state: 'active' }])
})

describe('when the worker of an attempt has died', () => {
  test('the next claim writes its attempt as abandoned and begins another', async ({ db, pool, boss }) => {
    await queueUp(pool, boss)
    const dead = worker(pool, boss)
    const { claims } = await dead.claim()
    const { claimedAt } = await soleExecution(pool)
    await loseWorker(boss, claims)

    expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 2 }])
    expect(await db.select().from(attempts)).toMatchObject([
      { attempt: 1, outcome: 'abandoned', workerId: dead.workerId, startedAt: claimedAt, status: null },
    ])
  })

  test('and its job was deleted since, nothing is sent: the execution is cancelled with that reason', async ({
    db,
    pool,
    boss,
  }) => {
    const { id } = await queueUp(pool, boss)
    await loseWorker(boss, (await worker(pool, boss).claim()).claims)
    await deleteJob(pool, id, any)

    expect((await worker(pool, boss).claim()).claims).toEqual([])
    expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason: 'deleted', attempt: 1 })
    expect(await db.select().from(attempts)).toMatchObject([{ attempt: 1, outcome: 'abandoned' }])
    expect(await queueItems(pool)).toEqual([])
  })

  test('and its job was paused since, nothing is sent: the execution is cancelled with that reason', async ({
    pool,
    boss,
  }) => {
    const { id } = await queueUp(pool, boss)
    await loseWorker(boss, (await worker(pool, boss).claim()).claims)
    await pauseJob(pool, id, byHand, any)

    expect((await worker(pool, boss).claim()).claims).toEqual([])
    expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason: 'paused' })
    expect(await queueItems(pool)).toEqual([])
  })

  test('and its job was paused and resumed since, it is sent again', async ({ pool, boss }) => {
    const { id } = await queueUp(pool, boss)
    await loseWorker(boss, (await worker(pool, boss).claim()).claims)
    await pauseJob(pool, id, byHand, any)
    await resumeJob(pool, boss, id, { missed: 'skip', graceSeconds: 900, matches: any })

    expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 2 }])
  })
})

describe.for([
  ['deleted', (pool: Parameters<typeof deleteJob>[0], id: string) => deleteJob(pool, id, any)],
  ['paused', (pool: Parameters<typeof deleteJob>[0], id: string) => pauseJob(pool, id, byHand, any)],
] as const)('once it has answered that a job is %s', ([reason, change]) => {
  test('nothing of what the job had pending is sent any more', async ({ db, pool, boss }) => {
    const { id } = await queueUp(pool, boss, {}, 3)
    await change(pool, id)

    expect(await worker(pool, boss).claim()).toMatchObject({ claims: [], fetched: 3 })
    expect(await db.selectDistinct({ state: executions.state, reason: executions.reason }).from(executions)).toEqual([
      { state: 'cancelled', reason },
    ])
    expect(await queueItems(pool)).toEqual([])
  })
})

test('a paused job that is run by hand is sent', async ({ db, pool, boss }) => {
  const paused = job({ status: 'paused' })
  await db.insert(jobs).values(paused)
  await runJob(pool, boss, paused.id as string)

  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ jobId: paused.id, attempt: 1 }])
})

test('parking uses no attempt, ends the item, and the execution comes back with a new one', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const [before] = await queueItems(pool)

  const at = ago(0)
  expect(await worker(pool, boss).claim(() => ({ ...open, at }))).toMatchObject({ claims: [], held: [], parked: 1 })
  expect(await soleExecution(pool)).toMatchObject({
    ...{ state: 'parked', reason: 'circuit_open', attempt: 0, nextAttemptAt: at, claimedBy: null },
  })
  expect(await queueItems(pool)).toEqual([])

  const { destination } = await soleExecution(pool)
  await dispatchHeld(pool, boss, { limit: 10, parked: { destination, reason: 'circuit_open', order: 'oldest' } })
  const [after] = await queueItems(pool)
  expect(after?.id).not.toBe(before?.id)
  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 1 }])
})

test('what a dead worker left running is parked with its attempt written', async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  await loseWorker(boss, (await worker(pool, boss).claim()).claims)

  await worker(pool, boss).claim(() => open)

  expect(await soleExecution(pool)).toMatchObject({ state: 'parked', attempt: 1 })
  expect(await db.select().from(attempts)).toMatchObject([{ attempt: 1, outcome: 'abandoned' }])
})

test('each execution is decided on by its destination, in order of what was due first', async ({ pool, boss }) => {
  const seen: string[] = []
  await queueUp(pool, boss, { destination: 'http://first.test' })
  await queueUp(pool, boss, { destination: 'http://second.test' }, 2)

  const done = await worker(pool, boss).claim(({ destination }) => {
    seen.push(destination)
    return destination === 'http://first.test' ? open : seen.length === 1 ? 'hold' : 'send'
  })

  // One of the second's is due a second before the first's, the other some milliseconds after it.
  expect(seen).toEqual(['http://second.test', 'http://first.test', 'http://second.test'])
  expect(done).toMatchObject({
    ...{ parked: 1, fetched: 3, held: [{ destination: 'http://second.test' }] },
    claims: [{ destination: 'http://second.test' }],
  })
})
