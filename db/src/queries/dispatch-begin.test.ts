import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, execution, job, onceAt } from '../../test/factories.ts'
import { loseWorker, outcomeOf, queueItems, soleExecution, test, untilBlocked, worker } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import { type Boss, touchItems } from '../queue.ts'
import { attempts, executions, jobs } from '../schema/index.ts'
import { deleteJob } from './delete-job.ts'
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

test('an open circuit that this worker has not heard of, and a limit, keep it from beginning', async ({
  db,
  pool,
  boss,
}) => {
  const { dispatch } = dispatcher(pool, boss)
  await pool.query(`insert into destinations (destination, state, opened_at, retry_at, updated_at)
    values ('http://open.test', 'open', now(), now() + interval '1 minute', now())`)
  await pool.query(`insert into flow_limits (kind, flow, rate_count, rate_per_seconds, created_at, updated_at)
    values ('key', 'limited', 1, 1, now(), now())`)
  await db.insert(jobs).values([job({ destination: 'http://open.test' }), job({ flowKey: 'limited' }), job()])

  const { claims, items } = await dispatch()

  expect([claims.length, items]).toEqual([1, 1])
  const rows = await db.select().from(executions).orderBy(executions.state)
  expect(rows.map((it) => [it.state, it.reason, it.attempt, it.claimedBy !== null])).toEqual([
    ['queued', null, 0, false],
    ['running', null, 1, true],
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

test('a delete that comes meanwhile waits, and finds the attempt in flight', async ({ db, pool, boss }) => {
  const due = job()
  await db.insert(jobs).values(due)
  const other = await pool.connect()
  await other.query('begin')
  // The dispatch waits for this in the middle of it.
  await other.query('lock table pgboss.job in exclusive mode')
  const dispatching = dispatcher(pool, boss).dispatch()
  await untilBlocked(pool, 1)
  const deleting = deleteJob(pool, due.id as string, () => true)
  await untilBlocked(pool, 2)
  await other.query('rollback')
  other.release()

  expect((await dispatching).claims).toHaveLength(1)
  await deleting
  expect(await db.select().from(executions).where(eq(executions.state, 'running'))).toHaveLength(1)
})
