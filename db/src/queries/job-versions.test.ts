import { asc } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, job, repeating } from '../../test/factories.ts'
import { byHand, test } from '../../test/queue.ts'
import { jobs, jobVersions } from '../schema/index.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchDue } from './dispatch-due.ts'
import { editJob } from './edit-job.ts'
import { versionAt, versionOf } from './job-versions.ts'
import { pauseJob } from './pause-job.ts'
import { resumeJob } from './resume-job.ts'

const any = () => true

test('every change leaves what the job was before it, without a gap between', async ({ db, pool, boss }) => {
  const row = job({ nextRunAt: ahead(60) })
  await db.insert(jobs).values(row)
  const options = { matches: any, graceSeconds: 900 }
  const slower = { schedule: repeating({ hours: 2 }, ahead(60)) }
  await editJob(pool, row.id, options, () => slower)
  await pauseJob(pool, row.id, { ...byHand, reason: 'why' }, any)
  await resumeJob(pool, boss, row.id, { missed: 'skip', graceSeconds: 900, matches: any })
  await deleteJob(pool, row.id, any)

  const kept = await db.select().from(jobVersions).orderBy(asc(jobVersions.version))
  expect(kept.map(({ version, status, statusReason }) => [version, status, statusReason])).toEqual([
    [1, 'active', null],
    [2, 'active', null],
    [3, 'paused', 'why'],
    [4, 'active', null],
  ])
  expect(kept.map((it) => it.schedule)).toMatchObject([row.schedule, slower.schedule, slower.schedule, slower.schedule])
  for (const [i, { validTo }] of kept.entries()) if (kept[i + 1]) expect(kept[i + 1]?.validFrom).toEqual(validTo)
  const [now] = await db.select().from(jobs)
  expect(kept.at(-1)?.validTo).toEqual(now?.updatedAt)
})

test('a change that changes nothing leaves no version', async ({ db, pool, boss }) => {
  const row = job({ nextRunAt: ahead(60) })
  await db.insert(jobs).values(row)

  await resumeJob(pool, boss, row.id, { missed: 'skip', graceSeconds: 900, matches: any })

  expect(await db.$count(jobVersions)).toBe(0)
})

test('a quarantine leaves one too', async ({ db, pool, boss }) => {
  const row = job({ timezone: 'Gone/Zone' })
  await db.insert(jobs).values(row)

  await dispatchDue(pool, boss, { limit: 10, graceSeconds: 900 })

  expect(await db.select().from(jobVersions)).toMatchObject([{ jobId: row.id, version: 1, status: 'active' }])
})

test('the version in force at an instant is found, and one by its number', async ({ db }) => {
  const { id, schedule } = job()
  const version = (n: number, validFrom: Date, validTo: Date) => ({
    ...{ jobId: id, version: n, validFrom, validTo, status: 'active' as const, callbackUrl: 'http://a.test' },
    ...{ timezone: 'UTC', schedule, policies: {}, tags: [] },
  })
  const [first, second, third] = [ago(30), ago(20), ago(10)]
  await db.insert(jobVersions).values([version(1, first, second), version(2, second, third)])

  const found = await Promise.all([ago(31), first, second, third].map((at) => versionAt(db, id, at)))
  expect(found.map((it) => it?.version ?? null)).toEqual([null, 1, 2, null])
  expect(await versionOf(db, id, 2)).toMatchObject({ version: 2 })
  expect(await versionOf(db, id, 3)).toBeNull()
})
