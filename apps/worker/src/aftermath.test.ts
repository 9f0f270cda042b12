import { createDb, createPool, type Pool } from '@scheduler/db/client'
import { events, jobs, notifications } from '@scheduler/db/schema/index'
import { test } from '@scheduler/db/test/database'
import { event, notification, told } from '@scheduler/db/test/events'
import { ago } from '@scheduler/db/test/factories'
import { expect, onTestFinished } from 'vitest'
import { createOnceJobs } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { insertRepeating, isSignedWith, notificationsNow, saidBy, typesOf } from '../test/notified.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { type Answer, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { startWorker } from '../test/worker-process.ts'
import { aftermathPass, startAftermath } from './aftermath.ts'

async function receiver(answer?: Answer) {
  const it = await startReceiver(answer)
  onTestFinished(it.close)
  return it
}

async function start(databaseUrl: string, options: PartsOptions = {}) {
  const parts = await startParts(databaseUrl, options)
  onTestFinished(() => parts.close())
  return parts
}

const status =
  (code: number): Answer =>
  (_, response) => {
    response.statusCode = code
    response.end()
  }

/** Has the job's next occurrence come due now, as an hour later. */
async function dueAgain(pool: Pool, id: string): Promise<void> {
  await pool.query(
    `update jobs set cursor_at = next_scheduled_for - interval '1 hour' - interval '1 ms', next_run_at = now(),
       schedule = jsonb_set(schedule, '{anchor}', to_jsonb(to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS+00:00')))
     where id = $1`,
    [id],
  )
}

test('a job that fails and then recovers says so, each once, to the URL it gave', async ({ databaseUrl, pool }) => {
  const [here, ears] = [await receiver(status(500)), await receiver()]
  const parts = await start(databaseUrl)
  const id = await insertRepeating(pool, `${here.origin}/`, {
    ...{ name: 'report', tags: ['a'], externalId: 'x' },
    delivery: { notify: { url: `${ears.origin}/hook` } },
  })
  parts.dispatcher.wake()

  await until('what is told of the failure', () => ears.arrivals.length === 2)
  expect(new Set(typesOf(ears.arrivals))).toEqual(new Set(['job.failing', 'execution.dead_lettered']))
  const failing = ears.arrivals.map(saidBy).find(({ type }) => type === 'job.failing')
  const { rows } = await pool.query('select id, scheduled_for from executions')
  expect(failing?.data).toEqual({
    ...{ job_id: id, name: 'report', tags: ['a'], external_id: 'x', execution_id: rows[0]?.id, kind: 'schedule' },
    ...{ scheduled_for: rows[0]?.scheduled_for.toISOString(), attempt: 1, reason: 'rejected', status: 500 },
    ...{ error: null, job_version: 1 },
  })

  here.answer = status(200)
  await dueAgain(pool, id)
  parts.dispatcher.wake()
  await until('the recovery', () => ears.arrivals.length === 3)
  expect(saidBy(ears.arrivals[2] as (typeof ears.arrivals)[0])).toMatchObject({
    type: 'job.recovered',
    data: { job_id: id, failures: 1 },
  })
  await until('the log', () => parts.lines.filter(({ msg }) => msg === 'notification delivered').length === 3)
})

test('a receiver that is gone pauses its job at once; nothing more is sent to it', async ({ databaseUrl, pool }) => {
  const [here, ears] = [await receiver(status(410)), await receiver()]
  const parts = await start(databaseUrl, { instanceUrl: `${ears.origin}/all` })
  const id = await insertRepeating(pool, `${here.origin}/`)
  parts.dispatcher.wake()

  await until('the pause to be told', () => typesOf(ears.arrivals).includes('job.paused'))
  const [row] = await createDb(pool).select().from(jobs)
  expect(row).toMatchObject({ id, status: 'paused', nextRunAt: null })
  expect(row?.statusReason).toMatch(/^Its receiver answered 410 Gone/)
  expect(here.arrivals).toHaveLength(1)
  expect(parts.lines.find(({ msg }) => msg === 'job paused')).toMatchObject({ level: 40, jobId: id })
})

test('a circuit that opens, and closes again, is told to the instance and to the URL of the job that calls it', async ({
  databaseUrl,
  pool,
}) => {
  const [here, ears] = [await receiver(status(503)), await receiver()]
  const parts = await start(databaseUrl, { instanceUrl: `${ears.origin}/all`, failMax: 1, resetMs: 200 })
  const events = ['circuit.opened', 'circuit.closed']
  await insertRepeating(pool, `${here.origin}/`, { delivery: { notify: { url: `${ears.origin}/job`, events } } })
  parts.dispatcher.wake()
  await until('both to be told that it opened', () =>
    ['/all', '/job'].every((path) => typesOf(ears.of(path)).includes('circuit.opened')),
  )
  const [opened] = ears.of('/job').map(saidBy)
  expect(opened).toMatchObject({ data: { destination: here.origin, state: 'open', cause: 'failures', failures: 1 } })

  here.answer = status(200)
  await createOnceJobs(pool, [{ url: `${here.origin}/` }])
  parts.dispatcher.wake()
  await until('both to be told that it closed', () =>
    ['/all', '/job'].every((path) => typesOf(ears.of(path)).includes('circuit.closed')),
  )
  expect(typesOf(ears.of('/job'))).toEqual(events)
})

test('a worker has the instance’s URL and secret from its environment, and leaves in order', async ({
  databaseUrl,
  pool,
}) => {
  const [here, ears] = [await receiver(status(500)), await receiver()]
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const worker = await startWorker(databaseUrl, { NOTIFY_URL: `${ears.origin}/all?SECRET`, SIGNING_SECRET: secret })
  onTestFinished(() => worker.kill('SIGKILL'))
  await createOnceJobs(pool, [{ url: `${here.origin}/` }])
  await until('both to be told', () => ears.arrivals.length === 2)
  expect(ears.arrivals.every((it) => isSignedWith(secret, it))).toBe(true)
  await until('the outcomes', async () => (await notificationsNow(pool)).every(({ state }) => state === 'delivered'))
  worker.kill('SIGTERM')
  expect(await worker.exited).toBe(0)
  expect(worker.output).not.toContain('SECRET')
})

test('what a worker leaves undone between settle and aftermath, because it is killed, another does', async ({
  databaseUrl,
  pool,
}) => {
  const [here, ears] = [await receiver(status(500)), await receiver()]
  // Nobody deals with events until the lock is given up: the worker settles, and dies.
  const other = await pool.connect()
  await other.query('select pg_advisory_lock(7305813)')
  const worker = await startWorker(databaseUrl)
  await insertRepeating(pool, `${here.origin}/`, { delivery: { notify: { url: `${ears.origin}/` }, pauseAfter: 1 } })
  const count = async () => (await pool.query('select from events')).rowCount
  await until('the event', async () => (await count()) === 1)
  worker.kill('SIGKILL')
  await worker.exited
  await other.query('select pg_advisory_unlock(7305813)')
  other.release()
  expect(await told(pool)).toEqual([])

  await start(databaseUrl)

  await until('all to be told', () => ears.arrivals.length === 3)
  expect(typesOf(ears.arrivals).sort()).toEqual(['execution.dead_lettered', 'job.failing', 'job.paused'])
  expect([await count(), (await createDb(pool).select().from(jobs))[0]?.status]).toEqual([0, 'paused'])
})

test('an event that can’t be dealt with is set aside and said; the others go on', async ({ pool }) => {
  const db = createDb(pool)
  const delivery = { notify: { url: 'http://told.test/' } }
  const id = await insertRepeating(pool, 'http://receiver.test/', { delivery })
  const poisoned = await insertRepeating(pool, 'http://receiver.test/', {
    delivery: { ...delivery, pauseAfter: 'often' },
  })
  const opened = { type: 'circuit.opened', destination: 'http://other.test', data: {} }
  await db.insert(events).values([event({ jobId: id }), event({ jobId: poisoned }), event(opened)])
  const { log, lines } = createLog()

  const parts = { pool, log, instanceUrl: 'http://all.test/', onNotifications() {} }
  await aftermathPass(parts)

  expect(await db.$count(events)).toBe(0)
  expect(new Set((await told(pool)).map(({ type, jobId }) => [type, jobId].join(' ')))).toEqual(
    new Set([`job.failing ${id}`, `execution.dead_lettered ${id}`, 'circuit.opened ']),
  )
  const said = lines.filter(({ msg }) => msg === 'event set aside')
  expect(said).toMatchObject([{ level: 50, type: 'execution.failed', jobId: poisoned, reason: expect.any(String) }])
})

test('a job whose events take too long is in nobody’s way, and its own are dealt with in order afterwards', async ({
  databaseUrl,
  pool,
}) => {
  const db = createDb(pool)
  const [stuck, other] = [
    await insertRepeating(pool, 'http://receiver.test/', {}),
    await insertRepeating(pool, 'http://receiver.test/', {}),
  ]
  // More than a pass takes, and all of them older.
  const failures = Array.from({ length: 600 }, (_, i) => event({ jobId: stuck, at: ago(1_000 - i) }))
  for (const part of [failures, [event({ jobId: other })]]) await db.insert(events).values(part)
  const impatient = createPool(databaseUrl, { queryMs: 300 })
  const holder = await pool.connect()
  onTestFinished(async () => {
    holder.release(true)
    await impatient.end()
  })
  await holder.query('begin')
  await holder.query('select from jobs where id = $1 for update', [stuck])
  const { log, lines } = createLog()
  const parts = { pool: impatient, log, instanceUrl: null, onNotifications() {} }
  const counts = async () => new Map((await db.select().from(jobs)).map(({ id, failedInRow }) => [id, failedInRow]))

  expect(await aftermathPass(parts)).toBe(1)

  expect(await counts()).toEqual(
    new Map([
      [stuck, 0],
      [other, 1],
    ]),
  )
  expect(lines).toMatchObject([{ level: 40, msg: 'events left', left: 1 }])
  await holder.query('commit')
  while ((await aftermathPass(parts)) !== 0);
  expect(await counts()).toEqual(
    new Map([
      [stuck, 600],
      [other, 1],
    ]),
  )
})

test('events and notifications that nobody announced are found within a second, and stop ends the loop', async ({
  databaseUrl,
  pool,
}) => {
  const ears = await receiver()
  await start(databaseUrl, { instanceUrl: `${ears.origin}/` })
  await createDb(pool)
    .insert(events)
    .values(
      event({ type: 'circuit.closed', destination: 'http://a.test', data: { failures: 0, parked: 3, cause: 'probe' } }),
    )
  const [arrival] = await until('it to be told', () => ears.arrivals.length > 0 && ears.arrivals, 3_000)
  expect(arrival && saidBy(arrival)).toMatchObject({
    type: 'circuit.closed',
    data: { destination: 'http://a.test', parked: 3 },
  })

  const due = notification({ url: `${ears.origin}/due`, nextAttemptAt: ago(1) })
  await createDb(pool).insert(notifications).values(due)
  await until('it to be sent', () => ears.of('/due').length === 1, 3_000)

  const { log } = createLog()
  const loop = startAftermath({ pool, log, instanceUrl: null, onNotifications() {} })
  await loop.stop()
})
