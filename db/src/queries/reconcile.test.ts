import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { begin, loseWorker, outcomeOf, queueItems, queueUp, soleExecution, test, worker } from '../../test/queue.ts'
import { attempts, executions, jobs } from '../schema/index.ts'
import { reconcile } from './reconcile.ts'
import { settle } from './settle.ts'

const healthy = { requeued: 0, crashed: 0, overdue: 0 }

test('a healthy database is left as it is, whatever its executions and items are doing', async ({ db, pool, boss }) => {
  await queueUp(pool, boss, {}, 4)
  const me = worker(pool, boss)
  const [settled, lost] = (await me.claim(undefined, 3)).claims
  if (settled) await settle(pool, boss, me.workerId, [outcomeOf(settled)])
  if (lost) await loseWorker(boss, [lost])
  await db.insert(executions).values([execution({ state: 'waiting' }), execution({ state: 'parked' })])
  await db.insert(jobs).values([job({ nextRunAt: ago(3) }), job({ nextRunAt: ahead(60) })])
  const all = async () => [await db.select().from(executions).orderBy(executions.id), await queueItems(pool)]
  const before = await all()
  expect(before[1]?.map((it) => it.state).sort()).toEqual(['active', 'created', 'retry'])

  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await all()).toEqual(before)
})

test('a queued execution that has lost its item gets another, and is carried out', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  await pool.query('delete from pgboss.job')

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, requeued: 1 })

  const row = await soleExecution(pool)
  expect(await queueItems(pool)).toMatchObject([{ id: row.itemId, execution: row.id, state: 'created' }])
  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 1 }])
  expect(await reconcile(pool, boss)).toEqual(healthy)
})

test('a running execution that has lost its item gets another, and its next attempt', async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  const dead = worker(pool, boss)
  await dead.claim()
  await pool.query('delete from pgboss.job')

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, requeued: 1 })

  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 2 }])
  expect(await db.select().from(attempts)).toMatchObject([
    { attempt: 1, outcome: 'abandoned', workerId: dead.workerId },
  ])
})

test('an execution whose item was cancelled in the queue gets another', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  await pool.query(`update pgboss.job set state = 'cancelled', completed_on = now()`)

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, requeued: 1 })
  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 1 }])
})

test('an execution that someone is about to settle is not queued again', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  await pool.query('delete from pgboss.job')
  const other = await begin(pool)
  await other.query('select from executions for update')

  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await queueItems(pool)).toEqual([])
})

test('an execution whose item has lost more workers than the crash budget allows fails, with its attempts', async ({
  db,
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const dead = worker(pool, boss)
  const { claims } = await dead.claim()
  await pool.query('update pgboss.job set retry_count = retry_limit')
  await loseWorker(boss, claims)
  expect(await queueItems(pool)).toMatchObject([{ state: 'failed' }])

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, crashed: 1 })

  expect(await soleExecution(pool)).toMatchObject({ state: 'failed', reason: 'worker_crashed', attempt: 1 })
  expect(await queueItems(pool)).toEqual([])
  expect(await db.select().from(attempts)).toMatchObject([
    { attempt: 1, outcome: 'abandoned', workerId: dead.workerId },
  ])
  expect(await reconcile(pool, boss)).toEqual(healthy)
})

test('a failed item whose execution is final is ended, and counts as no crash', async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  const { claims } = await worker(pool, boss).claim()
  await pool.query('update pgboss.job set retry_count = retry_limit')
  await loseWorker(boss, claims)
  await db.update(executions).set({ state: 'succeeded', finishedAt: ago(1) })

  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded' })
  expect(await queueItems(pool)).toEqual([])
})

test('jobs that are long due are counted, and left to the dispatchers', async ({ db, pool, boss }) => {
  await db.insert(jobs).values([job({ nextRunAt: ago(60) }), job({ nextRunAt: ago(3) }), job({ status: 'paused' })])

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, overdue: 1 })
  expect(await db.$count(executions)).toBe(0)
})
