import { eq } from 'drizzle-orm'
import { describe, expect, onTestFinished } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { begin, queueItems, test, untilBlocked } from '../../test/queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'
import { KEPT_FREE } from './keep-free.ts'
import { makePartitions } from './make-partitions.ts'
import { isDataError, quarantine } from './quarantine-job.ts'

const options = { limit: 100, graceSeconds: 900 }

describe.for([
  ['an anchor that is no datetime', { schedule: { ...repeating({ hours: 1 }, ago(1)), anchor: 'noon' } }],
  ['an interval of nothing', { schedule: repeating({}, ago(1)) }],
  ['a type that nobody knows', { schedule: { type: 'sundial' } }],
  ['no object at all', { schedule: 7 }],
  ['a zone that is none', { timezone: 'Mars/Olympus_Mons' }],
  ['policies that are null', { policies: null }],
] as const)('a due job with %s', ([, broken]) => {
  test('is quarantined with a reason, and the rest of its batch goes on', async ({ db, pool, boss }) => {
    const { schedule, policies, ...rest } = { schedule: undefined, policies: undefined, ...broken }
    const bad = job({ nextRunAt: ago(3), ...rest })
    const good = [job({ nextRunAt: ago(4) }), job({ nextRunAt: ago(2) })]
    await db.insert(jobs).values([bad, ...good])
    if (schedule !== undefined)
      await pool.query('update jobs set schedule = $1 where id = $2', [json(schedule), bad.id])
    if (policies !== undefined)
      await pool.query('update jobs set policies = $1 where id = $2', [json(policies), bad.id])

    const done = await dispatchDue(pool, boss, options)

    expect(done).toMatchObject({ jobs: 3, items: 2, quarantined: [{ jobId: bad.id, reason: expect.any(String) }] })
    const [row] = await db
      .select()
      .from(jobs)
      .where(eq(jobs.id, bad.id as string))
    expect(row).toMatchObject({ status: 'quarantined', nextRunAt: null, statusReason: done.quarantined[0]?.reason })
    expect(row?.statusReason).toMatch(/^The schedule can't be computed: ./)
    expect(await db.$count(executions, eq(executions.jobId, bad.id as string))).toBe(0)
    expect(await queueItems(pool)).toHaveLength(2)
    expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 0 })
  })
})

const json = (value: unknown) => JSON.stringify(value)

test('a job that was deleted meanwhile is not quarantined', async ({ db, pool }) => {
  const gone = job({ deletedAt: ago(1) })
  await db.insert(jobs).values(gone)

  await quarantine(pool, gone.id as string, 'too late')

  expect(await db.select({ status: jobs.status }).from(jobs)).toEqual([{ status: 'active' }])
})

test('what the database refuses about the data is told from its being away, busy or broken', async ({ pool }) => {
  const codeOf = (sql: string) => pool.query(sql).catch((error: unknown) => error)

  expect(isDataError(await codeOf(`select 'x'::int`))).toBe(true)
  expect(isDataError(await codeOf('insert into jobs (id) values (gen_random_uuid())'))).toBe(true)
  expect(
    isDataError(
      await codeOf(`insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, destination, count)
        values (gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'queued', now(), now(), now(), '', 0)`),
    ),
  ).toBe(true)
  expect(isDataError(await codeOf('select * from nowhere'))).toBe(false)
  expect(isDataError(new Error('Query read timeout'))).toBe(false)
  expect(isDataError(null)).toBe(false)
})

test('a row that found no place while a partition was made is no bad data', async ({ pool, db }) => {
  await makePartitions(pool, 30)
  const late = { ...execution({ state: 'queued', scheduledFor: ago(0) }) }
  const refused = async (change: string) => {
    const client = await begin(pool)
    await client.query('lock table executions_default in access exclusive mode')
    const inserting = db
      .insert(executions)
      .values({ ...late, scheduledFor: ahead(400 * 86_400) })
      .catch((error: unknown) => error)
    await untilBlocked(pool, 1)
    await client.query(change)
    await client.query('commit')
    const error = await inserting
    expect(error).toMatchObject({ cause: { code: '23514' } })
    return error
  }
  onTestFinished(async () => {
    await pool.query(`alter table executions_default drop constraint if exists ${KEPT_FREE}x`)
    await pool.query('drop table if exists executions_later')
  })
  expect(
    isDataError(
      await refused(
        `alter table executions_default add constraint ${KEPT_FREE}x check (scheduled_for < now() + interval '1 day')`,
      ),
    ),
  ).toBe(false)
  await pool.query(`alter table executions_default drop constraint ${KEPT_FREE}x`)
  expect(
    isDataError(
      await refused(
        `create table executions_later (like executions including all);
         alter table executions attach partition executions_later
           for values from ('${ahead(300 * 86_400).toISOString()}') to ('${ahead(500 * 86_400).toISOString()}')`,
      ),
    ),
  ).toBe(false)
})
