import { asc, eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { queueItems, test } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { executions, type JobRow, jobs } from '../schema/index.ts'
import { backfillJob } from './backfill-job.ts'

/** A job of every hour, an hour from now and since long. */
const hourly = (fields: Partial<JobRow> = {}) =>
  job({ nextRunAt: ahead(3_600), schedule: repeating({ hours: 1 }, ago(360_000)), ...fields })
const range = (overlap: 'allow' | 'queue_all' | 'skip' = 'queue_all') =>
  ({ from: ago(18_000), to: ago(3_600), overlap, perSecond: 2 }) as const

async function ledger(db: Db) {
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  return rows.map((row) => [
    row.kind,
    row.behind ? 'behind' : row.state,
    Math.round((Date.now() - row.scheduledFor.getTime()) / 3_600_000),
  ])
}

test('the occurrences of the range are sent one after the other, beside the schedule, which stays where it is', async ({
  db,
  pool,
  boss,
}) => {
  const row = hourly()
  await db.insert(jobs).values(row)
  const [before] = await db.select().from(jobs)

  expect(await backfillJob(pool, boss, row.id, range())).toEqual({ executions: 4, skipped: 0 })

  expect(await ledger(db)).toEqual([
    ['backfill', 'queued', 4],
    ['backfill', 'behind', 3],
    ['backfill', 'behind', 2],
    ['backfill', 'behind', 1],
  ])
  expect(await queueItems(pool)).toHaveLength(1)
  expect(await db.select().from(jobs)).toEqual([before])
})

test('where overlap is allowed, they are spread at the rate', async ({ db, pool, boss }) => {
  const row = hourly()
  await db.insert(jobs).values(row)

  await backfillJob(pool, boss, row.id, range('allow'))

  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  const created = rows[0]?.createdAt.getTime() ?? 0
  expect(rows.map((it) => it.nextAttemptAt && it.nextAttemptAt.getTime() - created)).toEqual([null, 500, 1_000, 1_500])
})

test('an occurrence that was backfilled before is not sent again, one of the schedule is no hindrance', async ({
  db,
  pool,
  boss,
}) => {
  const row = hourly()
  await db.insert(jobs).values(row)
  await backfillJob(pool, boss, row.id, { ...range(), from: ago(10_800) })
  await pool.query(
    `update executions set state = 'failed', behind = false, next_attempt_at = null, finished_at = now()`,
  )

  expect(await backfillJob(pool, boss, row.id, range())).toEqual({ executions: 2, skipped: 2 })
})

test('under skip nothing is sent while an execution of the job is unfinished, and all of it by a later one', async ({
  db,
  pool,
  boss,
}) => {
  const row = hourly()
  await db.insert(jobs).values(row)
  await db.insert(executions).values(execution({ jobId: row.id, state: 'running', scheduledFor: ago(5) }))

  expect(await backfillJob(pool, boss, row.id, range('skip'))).toEqual({ executions: 0, skipped: 4 })

  expect(await db.$count(executions, eq(executions.kind, 'backfill'))).toBe(0)
  expect(await backfillJob(pool, boss, row.id, range('queue_all'))).toEqual({ executions: 4, skipped: 0 })
})

test('a range that is not past, or has more occurrences than a backfill sends, is refused', async ({
  db,
  pool,
  boss,
}) => {
  const row = hourly()
  await db.insert(jobs).values(row)

  await expect(backfillJob(pool, boss, row.id, { ...range(), to: ahead(60) })).rejects.toMatchObject({
    code: 'validation-failed',
    errors: [{ path: 'to' }],
  })
  await db.update(jobs).set({ schedule: repeating({ seconds: 1 }, ago(360_000)) })
  await expect(backfillJob(pool, boss, row.id, range())).rejects.toMatchObject({ errors: [{ path: 'to' }] })
  expect(await db.$count(executions)).toBe(0)
})

test('blackouts and bounds of the job hold for a backfill too', async ({ db, pool, boss }) => {
  const text = (at: Date) => at.toISOString().replace('Z', '+00:00')
  const blackouts = [{ from: text(ago(8_000)), to: text(ago(6_000)) }]
  const row = hourly({ policies: { blackouts } })
  await db.insert(jobs).values(row)

  expect(await backfillJob(pool, boss, row.id, range())).toMatchObject({ executions: 3 })
})
