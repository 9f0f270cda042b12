import type { Event } from '@scheduler/core/event'
import { eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { event, failure, handleAll, told } from '../../test/events.ts'
import { ago, execution, job } from '../../test/factories.ts'
import { begin, queueItems, queueUp, test, untilBlocked } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { events, executions, type JobRow, jobs, jobVersions } from '../schema/index.ts'
import { handleEvents } from './handle-events.ts'

const url = 'http://told.test/hook'
const options = { instanceUrl: null, limit: 100 }

/** A job whose URL is told of everything, unless it says otherwise. */
async function insertJob(db: Db, fields: Partial<JobRow> = {}): Promise<string> {
  const [row] = await db
    .insert(jobs)
    .values(job({ delivery: { notify: { url } }, ...fields }))
    .returning()
  return row?.id as string
}

/** Events of a job, each a second after the one before; a number is a failure with that status. */
async function happen(db: Db, jobId: string, ...what: (Event['type'] | number)[]): Promise<void> {
  await db.insert(events).values(
    what.map((it, i) => {
      const type = typeof it === 'string' ? it : 'execution.failed'
      const data = typeof it === 'string' ? failure : { ...failure, status: it }
      return event({ jobId, type, data, at: ago(60 - i) })
    }),
  )
}

const jobNow = async (db: Db, id: string) => (await db.select().from(jobs).where(eq(jobs.id, id)))[0] as JobRow
const types = async (pool: Parameters<typeof told>[0]) => (await told(pool)).map(({ type }) => type)

test('failures are counted on their job and told, the success after them ends the count and is told', async ({
  db,
  pool,
}) => {
  const [id, other] = [await insertJob(db), await insertJob(db, { failedInRow: 3 })]
  await happen(db, id, 500, 503)
  await happen(db, other, 'execution.succeeded')

  expect(await handleEvents(pool, options)).toEqual({ events: 3, notifications: 4, paused: [] })

  expect([await jobNow(db, id), await jobNow(db, other)]).toMatchObject([{ failedInRow: 2 }, { failedInRow: 0 }])
  const all = await told(pool)
  expect(all.filter(({ jobId }) => jobId === other)).toMatchObject([{ type: 'job.recovered', data: { failures: 3 } }])
  const dead = ['job.failing', 'execution.dead_lettered', 'execution.dead_lettered']
  expect(all.filter(({ jobId }) => jobId === id).map(({ type }) => type)).toEqual(dead)
  expect(all[0]).toMatchObject({ url, toInstance: false, data: { job_id: all[0]?.jobId } })
  expect(await db.$count(events)).toBe(0)
})

test('a job that notifies nobody is counted all the same; the instance’s URL is told of every job', async ({
  db,
  pool,
}) => {
  const [quiet, asks] = [
    await insertJob(db, { delivery: null }),
    await insertJob(db, { delivery: { notify: { url, events: ['job.failing'] } } }),
  ]
  for (const id of [quiet, asks]) await happen(db, id, 500)

  await handleAll(pool, 'http://instance.test/')

  expect([await jobNow(db, quiet), await jobNow(db, asks)]).toMatchObject([{ failedInRow: 1 }, { failedInRow: 1 }])
  const all = await told(pool)
  expect(all.filter((it) => !it.toInstance)).toMatchObject([{ type: 'job.failing', jobId: asks, url }])
  expect(all.filter((it) => it.toInstance).map((it) => [it.type, it.jobId === quiet])).toEqual(
    expect.arrayContaining([
      ['job.failing', true],
      ['job.failing', false],
      ['execution.dead_lettered', true],
      ['execution.dead_lettered', false],
    ]),
  )
})

describe('a pause', () => {
  test('after as many failures in a row as the job allows: its pending executions are cancelled, and it says why', async ({
    db,
    pool,
    boss,
  }) => {
    const { id } = await queueUp(pool, boss, { delivery: { notify: { url }, pauseAfter: 2 } }, 2)
    await happen(db, id, 500)
    expect(await handleAll(pool)).toEqual({ paused: [] })
    await happen(db, id, 500)
    expect(await handleAll(pool)).toEqual({ paused: [id] })

    const paused = await jobNow(db, id)
    expect(paused).toMatchObject({ status: 'paused', failedInRow: 2, version: 2, nextRunAt: null, pausedUntil: null })
    expect(paused.statusReason).toMatch(/^Its last 2 executions failed for good/)
    expect(await db.select().from(executions)).toMatchObject([
      { state: 'cancelled', reason: 'paused' },
      { state: 'cancelled', reason: 'paused' },
    ])
    expect(await db.select().from(jobVersions)).toMatchObject([{ version: 1, status: 'active' }])
    expect((await told(pool)).at(-1)).toMatchObject({
      type: 'job.paused',
      data: { cause: 'failures', status_reason: paused.statusReason },
    })
    // They are ended by whoever claims them.
    expect(await queueItems(pool)).toHaveLength(2)
  })

  test('at once with 410 Gone, of that job alone, whatever else happened meanwhile', async ({ db, pool }) => {
    const [gone, other] = [await insertJob(db), await insertJob(db)]
    await happen(db, other, 500)
    await happen(db, gone, 410, 410)
    await happen(db, other, 503)

    expect(await handleAll(pool)).toEqual({ paused: [gone] })

    expect(await jobNow(db, gone)).toMatchObject({ status: 'paused', failedInRow: 2 })
    expect((await jobNow(db, gone)).statusReason).toMatch(/^Its receiver answered 410 Gone at 2.*resume it once/)
    expect(await jobNow(db, other)).toMatchObject({ status: 'active', failedInRow: 2, version: 1 })
    expect((await types(pool)).filter((it) => it === 'job.paused')).toHaveLength(1)
  })

  test('not of a job that is deleted, completed or paused already; a deleted one is told nothing of', async ({
    db,
    pool,
  }) => {
    const ids = [
      await insertJob(db, { deletedAt: ago(1) }),
      await insertJob(db, { status: 'completed' }),
      await insertJob(db, { status: 'paused', statusReason: 'by hand' }),
    ]
    for (const id of ids) await happen(db, id, 410)

    expect(await handleAll(pool)).toEqual({ paused: [] })

    expect((await jobNow(db, ids[2] as string)).statusReason).toBe('by hand')
    expect((await told(pool)).map(({ jobId }) => jobId)).not.toContain(ids[0])
    expect(await db.$count(events)).toBe(0)
  })
})

test('a failure after which the job has succeeded, unnoticed, begins no row of failures', async ({ db, pool }) => {
  const [overtaken, failing] = [await insertJob(db), await insertJob(db)]
  for (const id of [overtaken, failing]) await happen(db, id, 500)
  const success = { state: 'succeeded', scheduledFor: ago(90) } as const
  await db
    .insert(executions)
    .values([
      execution({ ...success, jobId: overtaken, finishedAt: ago(1) }),
      execution({ ...success, jobId: failing, finishedAt: ago(80) }),
    ])
  await db.update(events).set({ data: { ...failure, scheduled_for: ago(120).toISOString() } })

  await handleAll(pool)

  expect(await jobNow(db, overtaken)).toMatchObject({ failedInRow: 0 })
  expect(await jobNow(db, failing)).toMatchObject({ failedInRow: 1 })
})

test('workers that deal with events at the same time deal with each once, and none counts in the wrong order', async ({
  db,
  pool,
}) => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => insertJob(db)))
  for (const id of ids) await happen(db, id, 500, 'execution.succeeded', 500, 500)
  const workers = Array.from({ length: 4 }, async () => {
    let handled = 0
    while ((await db.$count(events)) > 0) handled += (await handleEvents(pool, { ...options, limit: 7 }))?.events ?? 0
    return handled
  })

  const shares = await Promise.all(workers)

  expect(shares.reduce((sum, n) => sum + n)).toBe(80)
  expect((await db.select().from(jobs)).map((it) => it.failedInRow)).toEqual(ids.map(() => 2))
  const counts = Object.groupBy(await types(pool), (it) => it)
  expect(Object.fromEntries(Object.entries(counts).map(([type, all]) => [type, all.length]))).toEqual({
    ...{ 'job.failing': 40, 'job.recovered': 20, 'execution.dead_lettered': 60 },
  })
})

test('while one worker is at it another keeps away; what a crash leaves undone is there as before', async ({
  db,
  pool,
}) => {
  const id = await insertJob(db)
  await happen(db, id, 500)
  const other = await begin(pool)
  await other.query('select from jobs where id = $1 for update', [id])
  const cutOff = expect(handleEvents(pool, options)).rejects.toThrow()
  await untilBlocked(pool, 1)

  expect(await handleEvents(pool, options)).toBeNull()

  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
  )
  await cutOff
  await other.query('commit')
  expect([await db.$count(events), await told(pool)]).toEqual([1, []])

  await handleAll(pool)
  expect(await types(pool)).toEqual(['job.failing', 'execution.dead_lettered'])
})
