import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { ago, job } from '../../test/factories.ts'
import { jobs } from './jobs.ts'

const refused = [
  ['an active job that is never due', { nextRunAt: null, nextScheduledFor: null }, 'active_iff_due'],
  ['a paused job that is due', { status: 'paused', nextRunAt: ago(1), nextScheduledFor: ago(1) }, 'active_iff_due'],
  ['a deleted job that is due', { deletedAt: ago(1), nextRunAt: ago(1), nextScheduledFor: ago(1) }, 'active_iff_due'],
  ['a job that is due for no occurrence', { nextScheduledFor: null }, 'next_times_together'],
  ['a completed job without the time it was', { status: 'completed', completedAt: null }, 'completed_has_time'],
  ['an active job that was completed', { completedAt: ago(1) }, 'completed_has_time'],
] as const

test.for(refused)('the table of jobs refuses %s', async ([, fields, rule], { db }) => {
  const failure = await db
    .insert(jobs)
    .values(job(fields))
    .catch((error: unknown) => error)

  expect(failure).toMatchObject({ cause: { constraint: `jobs_${rule}` } })
})

test('a payload is kept byte for byte', async ({ db }) => {
  const payload = '{ "b": 1.0, "a" : "\\u0000 \\ud83d \u{1f600}", "b": 2 }\n'
  await db.insert(jobs).values(job({ payload }))

  expect(await db.select({ payload: jobs.payload }).from(jobs)).toEqual([{ payload }])
})
