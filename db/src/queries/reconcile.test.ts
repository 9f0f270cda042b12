import { expect } from 'vitest'
import { awaiting } from '../../test/awaiting.ts'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { begin, loseWorker, outcomeOf, queueItems, queueUp, soleExecution, test, worker } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import { attempts, executions, jobs } from '../schema/index.ts'
import { reconcile } from './reconcile.ts'
import { settle } from './settle.ts'
import { beat } from './workers.ts'

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

const beats = (pool: Pool, id: string) => beat(pool, { id, hostname: 'host', pid: 1, inFlight: 1, draining: false })

test('what a worker that beats has in flight is left to it, and is counted once it has an outcome', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const [claim] = (await me.claim()).claims
  await beats(pool, me.workerId)
  await pool.query('delete from pgboss.job')

  expect(await reconcile(pool, boss)).toEqual(healthy)
  if (claim) await settle(pool, boss, me.workerId, [outcomeOf(claim)])

  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', attempt: 1 })
  expect(await reconcile(pool, boss)).toEqual(healthy)
})

test.for([
  ['has not beaten for as long as one that is gone', `update workers set heartbeat_at = now() - interval '16 seconds'`],
  ['has had it for longer than any attempt', `update executions set claimed_at = now() - interval '17 minutes'`],
])('what is in flight without an item is queued again where its worker %s', async ([, change = ''], { pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  await me.claim()
  await beats(pool, me.workerId)
  await pool.query('delete from pgboss.job')
  await pool.query(change)

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, requeued: 1 })
})

test('an item that somebody has failed by hand is ended, and its execution queued again with a whole budget', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 2)
  await worker(pool, boss).claim(undefined, 1)
  await pool.query(`update pgboss.job set state = 'failed', completed_on = now()`)

  expect(await reconcile(pool, boss)).toEqual({ ...healthy, requeued: 2 })

  expect((await queueItems(pool)).map(({ state }) => state)).toEqual(['created', 'created'])
  expect((await worker(pool, boss).claim()).claims.map(({ attempt }) => attempt).sort()).toEqual([1, 2])
  expect(await reconcile(pool, boss)).toEqual(healthy)
})

test('an execution whose budget is spent is given up in the next pass, where somebody has it locked', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  await pool.query(`update pgboss.job set state = 'failed', retry_count = retry_limit, completed_on = now()`)
  const other = await begin(pool)
  await other.query('select from executions for update')

  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await queueItems(pool)).toMatchObject([{ state: 'failed' }])

  await other.query('rollback')
  expect(await reconcile(pool, boss)).toEqual({ ...healthy, crashed: 1 })
  expect(await queueItems(pool)).toEqual([])
})

test('what awaits an acknowledgement has no item, and is left alone; a word that comes still counts', async ({
  pool,
  boss,
}) => {
  const { say } = await awaiting(pool, boss)
  expect(await queueItems(pool)).toEqual([])
  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await say('ack')).toBe('ok')
  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', attempt: 1 })
})

test('what was to be cancelled is cancelled, not failed, when its budget is spent', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const { claims } = await worker(pool, boss).claim()
  await pool.query(`update executions set cancel_requested_at = now(), reason = 'cancelled_by_hand'`)
  await pool.query('update pgboss.job set retry_count = retry_limit')
  await loseWorker(boss, claims)

  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason: 'cancelled_by_hand', deadAt: null })
  expect(await queueItems(pool)).toEqual([])
})

test('an item of nobody knows what is ended', async ({ pool, boss }) => {
  await boss.send('deliver', { e: 'no id', s: 'no time' })
  await pool.query(`update pgboss.job set state = 'failed', retry_count = retry_limit, completed_on = now()`)
  expect(await reconcile(pool, boss)).toEqual(healthy)
  expect(await queueItems(pool)).toEqual([])
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
