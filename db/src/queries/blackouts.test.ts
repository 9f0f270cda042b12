import { asc, eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, job, repeating } from '../../test/factories.ts'
import { test } from '../../test/queue.ts'
import { blackouts, executions, jobs } from '../schema/index.ts'
import { createBlackout, deleteBlackout, MOST_OF_TAG } from './blackouts.ts'
import { dispatchDue } from './dispatch-due.ts'
import { listBlackouts } from './list-blackouts.ts'

const options = { limit: 100, graceSeconds: 900 }
const minutely = (tags: string[], dueAt = ago(1)) =>
  job({ tags, nextRunAt: dueAt, schedule: repeating({ minutes: 1 }, dueAt) })
const of = (tag: string, from: Date, to: Date) => ({ tag, from, to, reason: null })

test('what is due of a job with the tag is recorded, not sent; other jobs are sent', async ({ db, pool, boss }) => {
  const [dark, other] = [minutely(['reports', 'x']), minutely(['y'])]
  await db.insert(jobs).values([dark, other])
  await createBlackout(pool, of('reports', ago(60), ahead(3_600)), ago(0))

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 2, items: 1, unsent: 1 })

  const [row] = await db.select().from(executions).where(eq(executions.jobId, dark.id))
  expect(row).toMatchObject({ state: 'skipped', reason: 'blackout' })
  const [looked] = await db.select().from(jobs).where(eq(jobs.id, dark.id))
  // The next one that is sent comes after it; the dispatcher looks when its last occurrence has passed, once for all of them.
  expect(looked?.nextScheduledFor?.getTime()).toBeGreaterThanOrEqual(Date.now() + 3_595_000)
  expect(looked?.nextRunAt?.getTime()).toBeGreaterThan(Date.now() + 3_500_000)
  expect(looked?.nextRunAt?.getTime()).toBeLessThan(Date.now() + 3_600_000)
})

test('the jobs whose next occurrence it holds are looked at anew, at its creation and when it is deleted', async ({
  db,
  pool,
  boss,
}) => {
  const due = ahead(30)
  const [dark, other] = [minutely(['reports'], due), minutely(['y'], due)]
  await db.insert(jobs).values([dark, other])
  const clock = async (id: string) =>
    (await db.select().from(jobs).where(eq(jobs.id, id)))[0]?.nextScheduledFor?.getTime()
  const first = await clock(dark.id)

  const { id } = await createBlackout(pool, of('reports', ahead(10), ahead(3_600)), ago(0))
  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 1, items: 0, unsent: 0 })
  expect(await clock(dark.id)).toBe((first ?? 0) + 60 * 60_000)

  await deleteBlackout(pool, id, ago(0))
  await dispatchDue(pool, boss, options)
  expect(await clock(dark.id)).toBe(first)
  expect(await clock(other.id)).toBe(first)
})

test('one that is deleted after it has begun ends then: what it left out is recorded, what comes after is sent', async ({
  db,
  pool,
  boss,
}) => {
  // Every second since 30 seconds ago, and nobody has dispatched since.
  const start = ago(30)
  const at = (seconds: number) => new Date(start.getTime() + seconds * 1_000)
  const row = job({ tags: ['t'], nextRunAt: start, schedule: repeating({ seconds: 1 }, start) })
  await db.insert(jobs).values({ ...row, policies: { misfire: { policy: 'all' } } })
  const { id } = await createBlackout(pool, of('t', at(10), at(3_600)), at(10))
  await deleteBlackout(pool, id, at(20))
  await expect(deleteBlackout(pool, id, at(21))).rejects.toMatchObject({ code: 'blackout-not-found' })
  expect((await listBlackouts(pool, {}, { limit: 10, after: null })).rows).toEqual([])

  await dispatchDue(pool, boss, options)

  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  const dark = rows.filter(({ reason }) => reason === 'blackout')
  expect(dark.map(({ count }) => count)).toEqual([10])
  expect(rows.filter(({ reason }) => reason !== 'blackout').length).toBeGreaterThanOrEqual(20)
})

test('a tag has a bounded number of blackouts that are not over', async ({ db, pool }) => {
  const row = (at: Date) => ({ id: crypto.randomUUID(), tag: 't', fromAt: ago(7_200), toAt: at, createdAt: ago(7_200) })
  await db.insert(blackouts).values([...Array.from({ length: MOST_OF_TAG - 1 }, () => row(ahead(60))), row(ago(60))])

  await createBlackout(pool, of('t', ago(1), ahead(1)), ago(0))
  await expect(createBlackout(pool, of('t', ago(1), ahead(1)), ago(0))).rejects.toMatchObject({
    code: 'too-many-blackouts',
  })
  await createBlackout(pool, of('u', ago(1), ahead(1)), ago(0))
  expect((await listBlackouts(pool, { tag: 'u' }, { limit: 10, after: null })).rows).toHaveLength(1)
})

test('the table refuses a blackout that ends before it begins', async ({ pool }) => {
  await expect(createBlackout(pool, of('t', ahead(60), ago(60)), ago(0))).rejects.toMatchObject({
    cause: { constraint: 'blackouts_from_before_to' },
  })
})
