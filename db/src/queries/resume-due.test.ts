import { asc, eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, job, repeating } from '../../test/factories.ts'
import { queueItems, test } from '../../test/queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { resumeDue } from './resume-due.ts'

/** A job of every ten minutes, paused since 55 minutes ago, whose pause ends then. */
const paused = (pausedUntil: Date | null, fields: object = {}) =>
  job({
    status: 'paused',
    schedule: repeating({ minutes: 10 }, ago(3_300)),
    pausedAt: ago(3_301),
    ...{ pausedUntil, resumeMissed: 'last', nextScheduledFor: null },
    ...fields,
    ...{ nextRunAt: null, cursorAt: ago(3_301) },
  })

test('a pause that has come to its end is resumed as it said, the others are left alone', async ({
  db,
  pool,
  boss,
}) => {
  const ended = paused(ago(1))
  const others = [paused(ahead(60)), paused(null), paused(null, { deletedAt: ago(5) })]
  await db.insert(jobs).values([ended, ...others])

  expect(await resumeDue(pool, boss, 900)).toEqual({ resumed: [ended.id], quarantined: [] })
  expect(await resumeDue(pool, boss, 900)).toEqual({ resumed: [], quarantined: [] })

  const [row] = await db.select().from(jobs).where(eq(jobs.id, ended.id))
  expect(row).toMatchObject({ status: 'active', pausedUntil: null, resumeMissed: null, pausedAt: null, version: 2 })
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  expect(rows.map(({ state, reason, count }) => [state, reason, count])).toEqual([
    ['skipped', 'paused', 5],
    ['queued', null, 1],
  ])
  expect(await queueItems(pool)).toHaveLength(1)
})

test('a job that was deleted, or whose schedule can’t be computed, keeps none of the others from being resumed', async ({
  db,
  pool,
  boss,
}) => {
  const broken = paused(ago(3), { timezone: 'Gone/Zone' })
  const good = paused(ago(1))
  await db.insert(jobs).values([paused(ago(4), { deletedAt: ago(5) }), broken, good])

  expect(await resumeDue(pool, boss, 900)).toMatchObject({ resumed: [good.id], quarantined: [{ jobId: broken.id }] })

  const [row] = await db.select().from(jobs).where(eq(jobs.id, broken.id))
  expect(row).toMatchObject({ status: 'quarantined', pausedUntil: null })
  expect(row?.statusReason).toContain('Gone/Zone')
})

test.for([
  ['22003', 'is set aside'],
  ['53100', 'stays as it is for the next call'],
])('a job that the database refuses with %s %s, and the others are resumed', async ([code], { db, pool, boss }) => {
  const [refused, good] = [paused(ago(3)), paused(ago(1))]
  await db.insert(jobs).values([refused, good])
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      if new.id = '${refused.id}' and new.status = 'active' then raise exception 'no' using errcode = '${code}'; end if;
      return new; end $$;
    create trigger refuse before update on jobs for each row execute function refuse()`)

  const { resumed, quarantined, failed } = await resumeDue(pool, boss, 900)

  expect([resumed, quarantined.length]).toEqual([[good.id], code === '22003' ? 1 : 0])
  expect(failed === undefined).toBe(code === '22003')
  const [row] = await db.select().from(jobs).where(eq(jobs.id, refused.id))
  expect(row?.status).toBe(code === '22003' ? 'quarantined' : 'paused')
  await pool.query('drop trigger refuse on jobs; drop function refuse()')
})

test('an end of a pause that was left behind by a resume or a delete is forgotten', async ({ db, pool, boss }) => {
  const resumed = { ...job({ nextRunAt: ahead(60) }), pausedUntil: ago(1) }
  await db.insert(jobs).values([resumed, paused(ago(4), { deletedAt: ago(5) })])

  expect(await resumeDue(pool, boss, 900)).toEqual({ resumed: [], quarantined: [] })

  expect((await db.select().from(jobs)).map((it) => it.pausedUntil)).toEqual([null, null])
})

test('callers that race resume a job once', async ({ db, pool, boss }) => {
  const jobsToResume = Array.from({ length: 10 }, () => paused(ago(1)))
  await db.insert(jobs).values(jobsToResume)

  const done = await Promise.all([1, 2, 3, 4].map(() => resumeDue(pool, boss, 900)))

  expect(done.flatMap((it) => it.resumed).sort()).toEqual(jobsToResume.map((it) => it.id).sort())
  expect(await db.$count(executions)).toBe(20)
})
