import type { IntervalSchedule } from '@scheduler/core/schedule'
import { asc } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, job, repeating } from '../../test/factories.ts'
import { test } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { executions, type JobRow, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'

const options = { limit: 100, graceSeconds: 900 }
const text = (at: Date) => at.toISOString().replace('Z', '+00:00')

/** A job of every ten minutes that was not dispatched since its occurrence of 25 minutes ago: three are due. */
const slept = (policies: JobRow['policies'], schedule: Partial<IntervalSchedule> = {}, dueAt = ago(1_500)) =>
  job({
    nextRunAt: dueAt,
    schedule: { ...repeating({ minutes: 10 }, dueAt), ...schedule },
    policies: { overlap: 'allow', misfire: { policy: 'all', graceSeconds: 3_600 }, ...policies },
  })

async function ledger(db: Db) {
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  return rows.map(({ state, reason, count }) => [state, reason, count])
}

test('runs are counted, and the last of max_runs completes the job', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(slept({ maxRuns: 5 }))
  await dispatchDue(pool, boss, options)
  expect(await db.select().from(jobs)).toMatchObject([{ runs: 3, status: 'active' }])

  await pool.query(
    `update jobs set cursor_at = cursor_at - interval '20 minutes', next_run_at = now() - interval '50 ms'`,
  )
  await pool.query('delete from executions')
  await dispatchDue(pool, boss, options)

  expect(await ledger(db)).toEqual([
    ['queued', null, 1],
    ['queued', null, 1],
  ])
  expect(await db.select().from(jobs)).toMatchObject([{ runs: 5, status: 'completed', nextRunAt: null }])
})

test('what lies in a blackout of the job is one row, and the rest is sent', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(slept({ blackouts: [{ from: text(ago(1_600)), to: text(ago(600)) }] }))

  await dispatchDue(pool, boss, options)

  expect(await ledger(db)).toEqual([
    ['skipped', 'blackout', 2],
    ['queued', null, 1],
  ])
})

test('a job whose last occurrences are all in a blackout is looked at once more, records them and completes', async ({
  db,
  pool,
  boss,
}) => {
  const blackouts = [{ from: text(ago(1_000)), to: text(ago(-60)) }]
  await db.insert(jobs).values(slept({ blackouts }, { end: text(ago(200)) }))

  await dispatchDue(pool, boss, options)

  expect(await ledger(db)).toEqual([
    ['queued', null, 1],
    ['skipped', 'blackout', 2],
  ])
  expect(await db.select().from(jobs)).toMatchObject([{ status: 'completed' }])
})
