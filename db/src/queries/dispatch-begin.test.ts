import type { OverlapPolicy } from '@scheduler/core/schedule'
import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, execution, job, onceAt, repeating } from '../../test/factories.ts'
import { loseWorker, outcomeOf, queueItems, soleExecution, test, worker } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import { type Boss, touchItems } from '../queue.ts'
import { attempts, executions, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'
import { settle } from './settle.ts'

/** Dispatches as a worker does that has so many places. */
function dispatcher(pool: Pool, boss: Boss, places = 100) {
  const me = worker(pool, boss)
  const asked: string[] = []
  const take = (destination: string) => asked.push(destination) <= places
  const begin = { workerId: me.workerId, take }
  return { ...me, asked, dispatch: () => dispatchDue(pool, boss, { limit: 100, graceSeconds: 900, begin }) }
}

test('what begins as it is dispatched is claimed as if it had been through the queue', async ({ db, pool, boss }) => {
  const { dispatch, workerId, claim } = dispatcher(pool, boss, 1)
  const at = ago(1)
  const fields = {
    ...({ type: 'once', schedule: onceAt(at), nextRunAt: at, version: 3 } as const),
    ...{ callbackUrl: 'http://receiver.test/x', payload: '{"b":1,"a":"\\u0000"}', delivery: { timeoutSeconds: 7 } },
  }
  await db.insert(jobs).values([job(fields), job(fields)])

  const { claims: begun, items } = await dispatch()
  const { claims: queued } = await claim()

  expect([begun.length, items, queued.length]).toEqual([1, 1, 1])
  const own = { item: {}, itemId: '', executionId: '', jobId: '', firstAttemptAt: at }
  const likeness = (claims: typeof begun) => ({ ...claims[0], ...own })
  expect(likeness(begun)).toEqual(likeness(queued))
  expect(begun[0]).toMatchObject({ attempt: 1, recurring: false, nextRunAt: null, delivery: { timeoutSeconds: 7 } })
  const rows = await db.select().from(executions)
  const [one, two] = rows.map((it) => ({ ...it, id: '', jobId: '', itemId: '', claimedAt: null, firstAttemptAt: null }))
  expect({ ...one, createdAt: at }).toEqual({ ...two, createdAt: at })
  expect(rows.map((it) => it.claimedBy)).toEqual([workerId, workerId])
  for (const row of rows) expect(row.claimedAt?.getTime()).toBeGreaterThanOrEqual(row.firstAttemptAt?.getTime() ?? 0)
})

test('a recurring job tells when it is due next, as it is after this one', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(job())
  const { claims } = await dispatcher(pool, boss).dispatch()
  const [row] = await db.select().from(jobs)
  expect(claims).toMatchObject([{ recurring: true, nextRunAt: row?.nextRunAt }])
})

test('its item is as pg-boss has one that it has inserted and fetched', async ({ db, pool, boss }) => {
  const { dispatch, claim } = dispatcher(pool, boss, 1)
  await db.insert(jobs).values([job(), job()])
  await dispatch()
  await claim()

  const { rows } = await pool.query<Record<string, unknown>>(
    `select j.*, keep_until - created_on as kept, created_on = start_after as at_once, started_on = heartbeat_on as beaten
     from pgboss.job j where name = 'deliver'`,
  )

  expect(rows).toHaveLength(2)
  const times = ['created_on', 'start_after', 'started_on', 'heartbeat_on', 'keep_until', 'id', 'data']
  const [one, two] = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !times.includes(name))),
  )
  expect(one).toMatchObject({ state: 'active', retry_count: 0, at_once: true, beaten: true })
  expect(one).toEqual(two)
  const byExecution = new Map((await db.select().from(executions)).map((it) => [it.itemId, it]))
  for (const { id, data } of rows) {
    const its = byExecution.get(id as string)
    expect(data).toEqual({ e: its?.id, s: its?.scheduledFor.getTime() })
  }
})

test('its claim can be renewed and settled, and nothing is left in the queue', async ({ db, pool, boss }) => {
  const { dispatch, workerId } = dispatcher(pool, boss)
  await db.insert(jobs).values(job())
  const { claims } = await dispatch()

  expect(
    await touchItems(
      boss,
      claims.map(({ item }) => item),
    ),
  ).toHaveProperty('size', 1)
  const settled = await settle(
    pool,
    boss,
    workerId,
    claims.map((it) => outcomeOf(it)),
  )

  expect([settled.size, await queueItems(pool)]).toEqual([1, []])
  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', attempt: 1 })
})

test('when its worker is lost, another takes it, and what was begun is on record', async ({ db, pool, boss }) => {
  const { dispatch, workerId } = dispatcher(pool, boss)
  await db.insert(jobs).values(job())
  const { claims } = await dispatch()
  await loseWorker(boss, claims)

  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ attempt: 2, executionId: claims[0]?.executionId }])

  expect(await db.select().from(attempts)).toMatchObject([{ attempt: 1, outcome: 'abandoned', workerId }])
})

test('the rest goes into the queue, and nobody asks for places for what is not to be sent', async ({
  db,
  pool,
  boss,
}) => {
  const { dispatch, asked } = dispatcher(pool, boss, 2)
  const late = job({ nextRunAt: ago(5_000), policies: { misfire: { policy: 'skip' } } })
  await db.insert(jobs).values([late, ...[4, 3, 2, 1].map((s) => job({ nextRunAt: ago(s), destination: `d${s}` }))])

  const { claims, items } = await dispatch()

  expect(claims.map((it) => it.destination).sort()).toEqual(['d3', 'd4'])
  expect([items, asked]).toEqual([2, ['d4', 'd3', 'd2', 'd1']])
  const states = (await queueItems(pool)).map((it) => it.state).sort()
  expect(states).toEqual(['active', 'active', 'created', 'created'])
})

test('circuits that this worker has not heard of, and limits, keep it from beginning', async ({ db, pool, boss }) => {
  const { dispatch } = dispatcher(pool, boss)
  await pool.query(`insert into destinations (destination, state, opened_at, retry_at, updated_at)
    values ('http://open.test', 'open', now(), now() + interval '1 minute', now()),
      ('http://half.test', 'half_open', now(), null, now()), ('http://receiver.test', 'closed', null, null, now())`)
  await pool.query(`insert into flow_limits (kind, flow, rate_count, rate_per_seconds, created_at, updated_at)
    values ('key', 'limited', 1, 1, now(), now()), ('destination', 'http://limited.test', 1, 1, now(), now())`)
  const others = ['http://open.test', 'http://half.test', 'http://limited.test'].map((destination) =>
    job({ destination }),
  )
  await db.insert(jobs).values([...others, job({ flowKey: 'limited' }), job()])

  const { claims, items } = await dispatch()

  expect([claims.length, items]).toEqual([1, 2])
  const rows = await db.select().from(executions).orderBy(executions.state, executions.reason)
  expect(rows.map((it) => [it.state, it.reason, it.attempt, it.claimedBy !== null])).toEqual([
    ['queued', null, 0, false],
    ['queued', null, 0, false],
    ['running', null, 1, true],
    ['parked', 'destination_limited', 0, false],
    ['parked', 'key_limited', 0, false],
  ])
})

test('an occurrence that is in the ledger already does not begin', async ({ db, pool, boss }) => {
  const due = job()
  await db.insert(jobs).values(due)
  const scheduledFor = due.nextScheduledFor as Date
  await db.insert(executions).values(execution({ jobId: due.id, scheduledFor, state: 'succeeded' }))

  expect(await dispatcher(pool, boss).dispatch()).toMatchObject({ jobs: 1, items: 0, claims: [] })
  expect(await queueItems(pool)).toEqual([])
})

test('of several that dispatch at once one begins each occurrence', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(Array.from({ length: 40 }, () => job()))
  const four = [1, 2, 3, 4].map(() => dispatcher(pool, boss, 6))

  const done = await Promise.all(
    four.map(({ workerId, asked }) => {
      const take = (destination: string) => asked.push(destination) <= 6
      return dispatchDue(pool, boss, { limit: 25, graceSeconds: 900, begin: { workerId, take } })
    }),
  )

  const begun = done.flatMap(({ claims }) => claims.map((it) => it.executionId))
  expect(begun.length).toBeGreaterThanOrEqual(12)
  expect(new Set(begun).size).toBe(begun.length)
  expect(begun.length + done.reduce((sum, it) => sum + it.items, 0)).toBe(40)
  expect(await db.$count(executions, eq(executions.state, 'running'))).toBe(begun.length)
})

const each10s = (overlap: OverlapPolicy, seconds = 15) => {
  const policies = { overlap, misfire: { policy: 'all' } } as const
  return job({ nextRunAt: ago(seconds), schedule: repeating({ seconds: 10 }, ago(seconds)), policies })
}

test('of several that are due of one job the first begins, and those that must not overlap it wait', async ({
  db,
  pool,
  boss,
}) => {
  const row = each10s('queue_all')
  await db.insert(jobs).values(row)

  const { claims, waits } = await dispatcher(pool, boss).dispatch()

  expect([claims.length, waits]).toEqual([1, [row.id]])
  const rows = await db.select().from(executions).orderBy(executions.scheduledFor)
  expect(rows.map((it) => [it.state, it.behind])).toEqual([
    ['running', false],
    ['waiting', true],
  ])
  expect(claims[0]?.executionId).toBe(rows[0]?.id)
})

test('of a job that may overlap all of them begin', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(each10s('allow'))
  const { claims } = await dispatcher(pool, boss).dispatch()
  expect(claims).toHaveLength(2)
  expect(new Set(claims.map((it) => it.item.id)).size).toBe(2)
})

test('a pass that has much else to write begins nothing', async ({ db, pool, boss }) => {
  await db.insert(jobs).values([...Array.from({ length: 40 }, () => each10s('allow', 95)), job()])
  const { dispatch, asked } = dispatcher(pool, boss)

  expect(await dispatch()).toMatchObject({ jobs: 41, items: 401, claims: [] })
  expect(asked).toEqual([])
})
