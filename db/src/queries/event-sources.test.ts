import { expect } from 'vitest'
import { awaiting } from '../../test/awaiting.ts'
import { ago, job, onceAt, repeating } from '../../test/factories.ts'
import { loseWorker, outcomeOf, queueUp, rejected, soleExecution, test, worker } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { type EventRow, events, executions, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'
import { expireAcks } from './expire-acks.ts'
import { reconcile } from './reconcile.ts'
import { settle } from './settle.ts'

const eventsOf = (db: Db) => db.select().from(events).orderBy(events.id) as Promise<EventRow[]>

test('an execution that fails for good is an event, in the transaction of its outcome, with what it failed of', async ({
  db,
  pool,
  boss,
}) => {
  const { id } = await queueUp(pool, boss, { version: 4 })
  const me = worker(pool, boss)
  const settlements = (await me.claim()).claims.map((it) => outcomeOf(it, { ...rejected, error: 'EX' }))

  await settle(pool, boss, me.workerId, settlements)

  const row = await soleExecution(pool)
  expect(await eventsOf(db)).toMatchObject([
    {
      ...{ type: 'execution.failed', jobId: id, executionId: row.id, destination: null, at: row.finishedAt },
      data: {
        ...{ kind: 'schedule', scheduled_for: row.scheduledFor.toISOString(), attempt: 1 },
        ...{ reason: 'rejected', status: 500, error: 'EX', job_version: 4 },
      },
    },
  ])
  const { rows } = await pool.query('select distinct xmin::text from executions union select xmin::text from events')
  expect(rows).toHaveLength(1)

  await settle(pool, boss, me.workerId, settlements)
  expect(await eventsOf(db)).toHaveLength(1)
})

test('no event: an attempt that is followed by another, a stale failure, a cancellation, a success of a sound job', async ({
  db,
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 4)
  const me = worker(pool, boss)
  const [again, stale, cancelled, sound] = (await me.claim()).claims.map((it) => outcomeOf(it, rejected))
  if (!again || !stale || !cancelled || !sound) throw new Error('four were to be claimed')
  await pool.query('update executions set attempt = 2 where id = $1', [stale.executionId])
  await pool.query('update executions set cancel_requested_at = now() where id = $1', [cancelled.executionId])

  await settle(pool, boss, me.workerId, [
    { ...again, state: 'waiting', nextAttemptAt: ago(-9) },
    stale,
    cancelled,
    { ...sound, outcome: 'succeeded', state: 'succeeded', reason: null },
  ])

  expect((await db.select().from(executions)).map(({ state }) => state).sort()).toEqual([
    ...['cancelled', 'running', 'succeeded', 'waiting'],
  ])
  expect(await eventsOf(db)).toEqual([])
})

test('a success of a job that has failed is an event; of several in one settle, each', async ({ db, pool, boss }) => {
  const { id } = await queueUp(pool, boss, { failedInRow: 2 }, 2)
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const settlements = (await me.claim()).claims.map((it) => outcomeOf(it))

  await settle(pool, boss, me.workerId, settlements)

  const all = await eventsOf(db)
  expect(all).toMatchObject([
    { type: 'execution.succeeded', jobId: id },
    { type: 'execution.succeeded', jobId: id },
  ])
  expect(all.map((it) => it.executionId).sort()).toEqual(
    settlements
      .filter((it) => it.jobId === id)
      .map((it) => it.executionId)
      .sort(),
  )
})

test('an execution that is given up because it kills its workers is an event too', async ({ db, pool, boss }) => {
  const { id } = await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { claims } = await me.claim()
  await pool.query('update pgboss.job set retry_count = retry_limit')
  await loseWorker(boss, claims)

  expect(await reconcile(pool, boss)).toMatchObject({ crashed: 1 })

  expect(await eventsOf(db)).toMatchObject([
    {
      ...{ type: 'execution.failed', jobId: id, executionId: claims[0]?.executionId },
      data: { reason: 'worker_crashed', status: null, attempt: 1, job_version: 1, kind: 'schedule' },
    },
  ])
})

test('what a receiver says after its 202, or does not say in time, is as much of an event', async ({
  db,
  pool,
  boss,
}) => {
  const refused = await awaiting(pool, boss)
  await refused.say('nack', { retry: false })
  const delivery = { async: { timeoutSeconds: 300 }, retry: { limit: 0 } }
  const silent = await awaiting(pool, boss, { delivery }, ago(1))
  await expireAcks(pool, 10)
  const [sound, failing] = [await awaiting(pool, boss), await awaiting(pool, boss, { failedInRow: 1 })]
  for (const { say } of [sound, failing]) await say('ack')
  const again = await awaiting(pool, boss)
  await again.say('nack')

  const failed = { type: 'execution.failed', data: { kind: 'schedule', attempt: 1, status: null, job_version: 1 } }
  expect(await eventsOf(db)).toMatchObject([
    { ...failed, jobId: refused.job.id, data: { ...failed.data, reason: 'rejected', error: 'nack' } },
    { ...failed, jobId: silent.job.id, data: { ...failed.data, reason: 'timed_out', error: 'ack_timeout' } },
    { type: 'execution.succeeded', jobId: failing.job.id, executionId: failing.claim.executionId },
  ])
})

test('occurrences past their grace are one event of each job and pass, where somebody is told of it', async ({
  db,
  pool,
  boss,
}) => {
  const notify = { delivery: { notify: { url: 'http://told.test/' } } }
  const hourly = { nextRunAt: ago(4 * 3_600), schedule: repeating({ hours: 1 }, ago(4 * 3_600)) }
  const once = { type: 'once', nextRunAt: ago(3_600), schedule: onceAt(ago(3_600)) } as const
  const [told, expired, quiet, punctual] = [
    job({ ...hourly, ...notify }),
    job({ ...once, ...notify }),
    job(hourly),
    job(notify),
  ]
  await db.insert(jobs).values([told, expired, quiet, punctual])

  expect(await dispatchDue(pool, boss, { limit: 10, graceSeconds: 900 })).toMatchObject({ jobs: 4 })

  const first = told.nextRunAt as Date
  const last = new Date(first.getTime() + 3 * 3_600_000)
  const all = await eventsOf(db)
  expect(all).toHaveLength(2)
  expect(all.find((it) => it.jobId === told.id)).toMatchObject({
    ...{ type: 'execution.missed', executionId: null },
    data: { first: first.toISOString(), last: last.toISOString(), count: 4 },
  })
  const at = (expired.nextRunAt as Date).toISOString()
  expect(all.find((it) => it.jobId === expired.id)).toMatchObject({ data: { first: at, last: at, count: 1 } })
})

test('with a URL of the instance, that is so of every job', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(job({ nextRunAt: ago(7_200), schedule: repeating({ days: 1 }, ago(7_200)) }))

  await dispatchDue(pool, boss, { limit: 10, graceSeconds: 900, notifiesAll: true })

  expect(await eventsOf(db)).toMatchObject([{ type: 'execution.missed', data: { count: 1 } }])
})
