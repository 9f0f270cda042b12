import { eq } from 'drizzle-orm'
import { expect, onTestFinished } from 'vitest'
import { event, failure } from '../../test/events.ts'
import { ago, execution, job } from '../../test/factories.ts'
import { test } from '../../test/queue.ts'
import { createPool, type Db } from '../client.ts'
import { events, executions, jobs } from '../schema/index.ts'
import { handleEvents } from './handle-events.ts'

const options = { instanceUrl: null, limit: 250 }

/** A job with a failure of ten seconds ago that nobody has dealt with, of an occurrence so many seconds ago. */
async function failed(db: Db, scheduledAgo: number): Promise<string> {
  const row = job()
  await db.insert(jobs).values(row)
  const data = { ...failure, scheduled_for: ago(scheduledAgo).toISOString() }
  await db.insert(events).values(event({ jobId: row.id as string, at: ago(10), data }))
  return row.id as string
}

const failedInRow = async (db: Db, id: string) => (await db.select().from(jobs).where(eq(jobs.id, id)))[0]?.failedInRow

test('a success is found among the newest executions of its job, and among those after its failure, with any number between', async ({
  db,
  pool,
}) => {
  const [newest, next] = [await failed(db, 1_000), await failed(db, 1_000)]
  const between = (jobId: string) =>
    Array.from({ length: 100 }, (_, i) => execution({ jobId, state: 'skipped', scheduledFor: ago(900 - i) }))
  const success = { state: 'succeeded', finishedAt: ago(5) } as const
  await db
    .insert(executions)
    .values([
      ...between(newest),
      execution({ ...success, jobId: newest, scheduledFor: ago(700) }),
      execution({ ...success, jobId: next, scheduledFor: ago(950) }),
      ...between(next),
    ])

  await handleEvents(pool, options)

  expect([await failedInRow(db, newest), await failedInRow(db, next)]).toEqual([0, 0])
})

test('a success of another job or of before the failure does not count', async ({ db, pool }) => {
  const id = await failed(db, 1_000)
  await db
    .insert(executions)
    .values([
      execution({ jobId: id, state: 'succeeded', scheduledFor: ago(900), finishedAt: ago(11) }),
      execution({ state: 'succeeded', scheduledFor: ago(900), finishedAt: ago(5) }),
    ])
  await handleEvents(pool, options)
  expect(await failedInRow(db, id)).toBe(1)
})

test('many late failures of a job with a long past cost no more than a few', async ({ databaseUrl, db, pool }) => {
  const id = await failed(db, 200_000)
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at, destination)
     select gen_random_uuid(), $1, 1, 'schedule', 'succeeded', 1, at, at, at, at, 'http://a.test'
     from generate_series(20, 100000) as n, lateral (select now() - n * interval '1 second' as at)`,
    [id],
  )
  await pool.query(
    `insert into events (id, type, job_id, at, data)
     select gen_random_uuid(), type, job_id, at, data from events, generate_series(1, 200)`,
  )
  const impatient = createPool(databaseUrl, { steadyPlans: true, queryMs: 1_000 })
  onTestFinished(() => impatient.end())

  expect(await handleEvents(impatient, options)).toMatchObject({ events: 201 })
  expect(await failedInRow(db, id)).toBe(201)
})
