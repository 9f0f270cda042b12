import { asc } from 'drizzle-orm'
import { describe, expect, onTestFinished } from 'vitest'
import { ago, ahead } from '../../test/factories.ts'
import {
  begin,
  loseWorker,
  outcomeOf,
  queueItems,
  queueUp,
  rejected,
  soleExecution,
  test,
  untilBlocked,
  worker,
} from '../../test/queue.ts'
import { createPool, type Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { attempts, executions } from '../schema/index.ts'
import type { Claim } from './begin-attempts.ts'
import { settle } from './settle.ts'

const waiting = { ...rejected, state: 'waiting' } as const

/** One execution, claimed by a worker that then lost its lease; and the worker that took it over, if asked for. */
async function lostLease(pool: Pool, boss: Boss) {
  await queueUp(pool, boss)
  const [slow, other] = [worker(pool, boss), worker(pool, boss)]
  const { claims } = await slow.claim()
  await loseWorker(boss, claims)
  const takeOver = async () => (await other.claim()).claims[0] as Claim
  return { slow, other, first: claims[0] as Claim, takeOver }
}

/** Outcomes written so far, in order of attempt. */
const written = async (pool: Pool) => (await pool.query('select attempt, outcome from attempts order by attempt')).rows

describe.for([
  ['succeeded', {}, { state: 'succeeded', reason: null, nextAttemptAt: null, finishedAt: expect.any(Date) }],
  ['failed', rejected, { state: 'failed', reason: 'rejected', nextAttemptAt: null, finishedAt: expect.any(Date) }],
  [
    'waiting',
    { ...waiting, nextAttemptAt: ahead(30) },
    { state: 'waiting', reason: 'rejected', nextAttemptAt: expect.any(Date), finishedAt: null },
  ],
] as const)('an attempt after which its execution is %s', ([, fields, row]) => {
  test('is written with the execution, and its item ended; a second time changes nothing', async ({
    db,
    pool,
    boss,
  }) => {
    await queueUp(pool, boss)
    const me = worker(pool, boss)
    const settlements = (await me.claim()).claims.map((it) => outcomeOf(it, fields))

    expect(await settle(pool, boss, me.workerId, settlements)).toEqual(new Set([settlements[0]?.executionId]))

    const after = await soleExecution(pool)
    expect(after).toMatchObject({ ...row, attempt: 1 })
    const tried = await db.select().from(attempts)
    expect(tried).toMatchObject([
      { attempt: 1, outcome: settlements[0]?.outcome, status: settlements[0]?.status, workerId: me.workerId },
    ])
    expect(await queueItems(pool)).toEqual([])

    expect(await settle(pool, boss, me.workerId, settlements)).toEqual(new Set())
    expect(await soleExecution(pool)).toEqual(after)
    expect(await db.select().from(attempts)).toEqual(tried)
  })
})

test('outcomes of many executions are written in one transaction', async ({ db, pool, boss }) => {
  await queueUp(pool, boss, {}, 10)
  const me = worker(pool, boss)
  const settlements = (await me.claim()).claims.map((it, i) => outcomeOf(it, i % 2 ? rejected : {}))

  expect((await settle(pool, boss, me.workerId, settlements)).size).toBe(10)

  const { rows } = await pool.query('select distinct xmin::text from executions')
  expect(rows).toHaveLength(1)
  expect(await db.$count(attempts)).toBe(10)
  expect(await queueItems(pool)).toEqual([])
})

test('a settle that fails part-way leaves nothing: no outcome, no attempt, and the item is still held', async ({
  db,
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 2)
  const me = worker(pool, boss)
  const [good, bad] = (await me.claim()).claims
  const settlements = [outcomeOf(good as Claim), outcomeOf(bad as Claim, { error: 'not \u0000 text' })]

  await expect(settle(pool, boss, me.workerId, settlements)).rejects.toMatchObject({ code: '22021' })

  expect(await db.selectDistinct({ state: executions.state }).from(executions)).toEqual([{ state: 'running' }])
  expect(await db.$count(attempts)).toBe(0)
  expect(await queueItems(pool)).toMatchObject([{ state: 'active' }, { state: 'active' }])
})

test('a stale failure changes nothing: the attempt that is under way decides', async ({ pool, boss }) => {
  const { slow, other, first, takeOver } = await lostLease(pool, boss)
  const second = await takeOver()

  expect(await settle(pool, boss, slow.workerId, [outcomeOf(first, rejected)])).toEqual(new Set())
  expect(await soleExecution(pool)).toMatchObject({ state: 'running', attempt: 2, claimedBy: other.workerId })

  await settle(pool, boss, other.workerId, [outcomeOf(second)])
  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', attempt: 2 })
})

test('an item is ended by the claim that holds it, and by no earlier one', async ({ pool, boss }) => {
  const { slow, other, first, takeOver } = await lostLease(pool, boss)
  const second = await takeOver()
  expect([first.item.retryCount, second.item.retryCount]).toEqual([0, 1])

  await settle(pool, boss, slow.workerId, [outcomeOf(first)])
  expect(await queueItems(pool)).toMatchObject([{ id: second.item.id, state: 'active' }])

  await settle(pool, boss, other.workerId, [outcomeOf(second)])
  expect(await queueItems(pool)).toEqual([])
})

test('a success counts although its lease was lost, and the item that came back finds the execution final', async ({
  pool,
  boss,
}) => {
  const { slow, other, first } = await lostLease(pool, boss)

  expect((await settle(pool, boss, slow.workerId, [outcomeOf(first)])).size).toBe(1)

  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', attempt: 1 })
  expect(await other.claim()).toMatchObject({ fetched: 1, claims: [] })
  expect(await queueItems(pool)).toEqual([])
})

test('a late success counts although another attempt is under way, whose own failure then changes nothing', async ({
  pool,
  boss,
}) => {
  const { slow, other, first, takeOver } = await lostLease(pool, boss)
  const second = await takeOver()

  await settle(pool, boss, slow.workerId, [outcomeOf(first)])
  expect(await settle(pool, boss, other.workerId, [outcomeOf(second, rejected)])).toEqual(new Set())

  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', reason: null })
  expect(await written(pool)).toEqual([
    { attempt: 1, outcome: 'succeeded' },
    { attempt: 2, outcome: 'rejected' },
  ])
})

test.for([
  ['before', [0, 1]],
  ['after', [1, 0]],
] as const)(
  'a success counts that is settled together with a later failure, %s it',
  async ([, order], { pool, boss }) => {
    const { slow, first, takeOver } = await lostLease(pool, boss)
    const both = [outcomeOf(first), outcomeOf(await takeOver(), rejected)]

    await settle(
      pool,
      boss,
      slow.workerId,
      order.map((i) => both[i] as (typeof both)[0]),
    )

    expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', reason: null })
  },
)

test('an attempt that was written off as abandoned is corrected by its own worker, and by no other', async ({
  db,
  pool,
  boss,
}) => {
  const { slow, other, first, takeOver } = await lostLease(pool, boss)
  await takeOver()
  const firstRow = () => db.select().from(attempts).orderBy(asc(attempts.attempt)).limit(1)
  expect(await firstRow()).toMatchObject([{ attempt: 1, outcome: 'abandoned', workerId: slow.workerId }])

  await settle(pool, boss, other.workerId, [outcomeOf(first, rejected)])
  expect(await firstRow()).toMatchObject([{ attempt: 1, outcome: 'abandoned', workerId: slow.workerId }])

  await settle(pool, boss, slow.workerId, [outcomeOf(first, rejected)])
  expect(await firstRow()).toMatchObject([{ attempt: 1, outcome: 'rejected', status: 500, workerId: slow.workerId }])
})

test('a success does not undo a cancellation', async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const settlements = (await me.claim()).claims.map((it) => outcomeOf(it))
  await db.update(executions).set({ state: 'cancelled', reason: 'deleted', finishedAt: ago(0) })

  expect(await settle(pool, boss, me.workerId, settlements)).toEqual(new Set())
  expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled' })
  expect(await written(pool)).toEqual([{ attempt: 1, outcome: 'succeeded' }])
})

test('two settles of the same executions in opposite order do not block each other', async ({
  databaseUrl,
  db,
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 10)
  const me = worker(pool, boss)
  const settlements = (await me.claim()).claims.map((it) => outcomeOf(it))
  const other = await begin(pool)
  // In the middle: what comes before it in each one's order is locked already when they meet.
  await other.query('select from executions where id = $1 for update', [settlements[5]?.executionId])

  // With the worker's plans, which go row by row in the order that is asked for.
  const own = createPool(databaseUrl, { steadyPlans: true })
  onTestFinished(() => own.end())
  const settling = [settlements, [...settlements].reverse()].map((it) => settle(own, boss, me.workerId, it))
  await untilBlocked(pool, 2)
  await other.query('commit')

  const changed = await Promise.all(settling)
  expect(changed.map((it) => it.size).sort()).toEqual([0, 10])
  expect(await db.$count(attempts)).toBe(10)
})
