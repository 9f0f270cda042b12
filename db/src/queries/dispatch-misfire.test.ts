import { asc } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, job, onceAt, repeating } from '../../test/factories.ts'
import { queueItems, test } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { executions, type JobRow, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'

const options = { limit: 100, graceSeconds: 900 }

/** A job of every ten minutes that nobody has dispatched since its occurrence of 55 minutes ago: six are due. */
const slept = (misfire: JobRow['policies']['misfire'] = {}) =>
  job({
    nextRunAt: ago(3_300),
    schedule: repeating({ minutes: 10 }, ago(3_300)),
    policies: { misfire, overlap: 'allow' },
  })

async function ledger(db: Db) {
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  const minutes = (at: Date | null) => at && Math.round((Date.now() - at.getTime()) / 60_000)
  return rows.map((row) => ({
    state: row.state,
    reason: row.reason,
    count: row.count,
    minutesAgo: [minutes(row.scheduledFor), minutes(row.scheduledUntil)],
  }))
}

const sent = (minutesAgo: number) => ({ state: 'queued', reason: null, count: 1, minutesAgo: [minutesAgo, null] })
const skipped = (reason: string, count: number, from: number, to: number | null) => ({
  ...{ state: 'skipped', reason, count },
  minutesAgo: [from, to],
})

test('of what was missed, that past its grace and that before the newest are one ledger row each, and the newest is sent', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(jobs).values(slept({ graceSeconds: 1_800 }))

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 1, items: 1, unsent: 5 })

  expect(await ledger(db)).toEqual([skipped('missed_grace', 3, 55, 35), skipped('coalesced', 2, 25, 15), sent(5)])
  expect(await queueItems(pool)).toHaveLength(1)
})

test('the grace of a job that has none is that of the instance', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(slept())

  await dispatchDue(pool, boss, { ...options, graceSeconds: 1_200 })

  expect(await ledger(db)).toEqual([skipped('missed_grace', 4, 55, 25), skipped('coalesced', 1, 15, null), sent(5)])
})

test('the policy all sends each occurrence within the grace, and at the most as many as its limit', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(jobs).values(slept({ policy: 'all', graceSeconds: 3_000, max: 3 }))

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 3, unsent: 3 })

  expect(await ledger(db)).toEqual([
    skipped('missed_grace', 1, 55, null),
    skipped('coalesced', 2, 45, 35),
    sent(25),
    sent(15),
    sent(5),
  ])
})

test('the policy skip sends nothing that was missed, and says so in one row', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(slept({ policy: 'skip' }))

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 0, unsent: 6 })

  expect(await ledger(db)).toEqual([skipped('missed_grace', 6, 55, 5)])
  expect(await queueItems(pool)).toEqual([])
})

test('a one-time job is sent within its grace, expires past it, and is completed either way', async ({
  db,
  pool,
  boss,
}) => {
  for (const seconds of [600, 1_200]) {
    const at = ago(seconds)
    await db
      .insert(jobs)
      .values(job({ nextRunAt: at, schedule: onceAt(at), policies: { misfire: { policy: 'skip' } } }))
  }

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 2, items: 1, unsent: 1 })

  expect(await ledger(db)).toEqual([
    { state: 'expired', reason: 'missed_grace', count: 1, minutesAgo: [20, null] },
    sent(10),
  ])
  expect(await db.select({ status: jobs.status }).from(jobs)).toEqual([
    { status: 'completed' },
    { status: 'completed' },
  ])
})

test('whatever the policy, every occurrence that was due is counted in the ledger exactly once', async ({
  db,
  pool,
  boss,
}) => {
  const policies = [{ policy: 'skip' }, { policy: 'last' }, { policy: 'all' }, { policy: 'all', max: 7 }] as const
  const since = ago(86_400.5)
  const secondly = (misfire: JobRow['policies']['misfire'] = {}) =>
    job({ nextRunAt: since, schedule: repeating({ seconds: 1 }, since), policies: { misfire } })
  await db.insert(jobs).values(policies.map((it) => secondly({ ...it, graceSeconds: 100 })))

  await dispatchDue(pool, boss, options)

  const { rows } = await pool.query(
    `select sum(count)::int = extract(epoch from j.cursor_at - $1::timestamptz) + 1 as complete, min(scheduled_for) = $1 as first
     from executions e join jobs j on j.id = e.job_id group by j.id, j.cursor_at`,
    [since],
  )
  expect(rows).toEqual(policies.map(() => ({ complete: true, first: true })))
  // And none lies between the cursor and what comes next.
  const { rows: behind } = await pool.query(`select from jobs where next_run_at <> cursor_at + interval '1 second'`)
  expect(behind).toEqual([])
})

test('jitter delays an occurrence without changing which one it is', async ({ db, pool, boss }) => {
  const at = ago(120)
  const jittered = job({ nextRunAt: at, schedule: repeating({ hours: 1 }, at), policies: { jitterSeconds: 60 } })
  await db.insert(jobs).values(jittered)

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 1 })

  const [row] = await db.select().from(executions)
  expect(row?.scheduledFor).toEqual(at)
  const delay = (row?.effectiveAt.getTime() ?? 0) - at.getTime()
  expect(delay).toBeGreaterThan(0)
  expect(delay).toBeLessThanOrEqual(60_000)
})

test('a pass that has enough to write leaves the other jobs to the next one, untouched', async ({ db, pool, boss }) => {
  const everySecond = () =>
    job({
      nextRunAt: ago(1_200),
      schedule: repeating({ seconds: 1 }, ago(1_200)),
      policies: { misfire: { policy: 'all', graceSeconds: 3_600 }, overlap: 'allow' },
    })
  await db.insert(jobs).values([everySecond(), everySecond(), everySecond()])

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 2, items: 2_000 })
  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 1 })
})
