import { and, eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { test } from '../../test/database.ts'
import { ago, ahead, execution, job, onceAt, repeating } from '../../test/factories.ts'
import type { Db } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { jobs } from '../schema/jobs.ts'
import { deleteJob } from './delete-job.ts'
import { editJob } from './edit-job.ts'

const any = () => true
const weekly = { schedule: repeating({ weeks: 1 }, ahead(86_400)) }

/** Every ten seconds, 24, 14 and 4 seconds ago; nobody has dispatched for 30 seconds. */
const neglected = () => job({ nextRunAt: ago(24), cursorAt: ago(30), schedule: repeating({ seconds: 10 }, ago(3_604)) })

async function ledgerOf(db: Db, jobId: string) {
  const rows = await db
    .select()
    .from(executions)
    .where(and(eq(executions.jobId, jobId)))
    .orderBy(executions.scheduledFor)
  return rows.map(({ state, reason, count }) => ({ state, reason, count }))
}

describe('what came due and was not dispatched yet', () => {
  test('is sent although the schedule is changed', async ({ db, pool }) => {
    const row = neglected()
    await db.insert(jobs).values(row)

    await editJob(pool, row.id, { matches: any, graceSeconds: 900 }, () => weekly)

    expect(await ledgerOf(db, row.id)).toEqual([
      { state: 'skipped', reason: 'coalesced', count: 2 },
      { state: 'waiting', reason: null, count: 1 },
    ])
  })

  test('is left to the dispatchers when the schedule stays', async ({ db, pool }) => {
    const row = neglected()
    await db.insert(jobs).values(row)

    await editJob(pool, row.id, { matches: any, graceSeconds: 900 }, () => ({ name: 'another' }))

    expect(await ledgerOf(db, row.id)).toEqual([])
  })

  test('is recorded as cancelled when the job is deleted', async ({ db, pool }) => {
    const row = neglected()
    await db.insert(jobs).values(row)

    await deleteJob(pool, row.id, any)

    expect(await ledgerOf(db, row.id)).toEqual([
      { state: 'skipped', reason: 'coalesced', count: 2 },
      { state: 'cancelled', reason: 'deleted', count: 1 },
    ])
  })

  test('waits for its jitter also when the schedule is changed meanwhile', async ({ db, pool }) => {
    const row = job({
      nextRunAt: ahead(20),
      cursorAt: ago(60),
      schedule: onceAt(ago(1)),
      // So long that it can't be over already.
      policies: { jitterSeconds: 100_000_000 },
    })
    await db.insert(jobs).values({ ...row, nextScheduledFor: ago(1) })

    await editJob(pool, row.id, { matches: any, graceSeconds: 900 }, () => ({ schedule: onceAt(ahead(60)) }))

    expect(await ledgerOf(db, row.id)).toEqual([{ state: 'waiting', reason: null, count: 1 }])
    const [execution] = await db.select().from(executions)
    expect(execution?.nextAttemptAt).toEqual(execution?.effectiveAt)
    expect(execution?.effectiveAt.getTime()).toBeGreaterThan(Date.now())
  })
})

describe('what a job leaves out', () => {
  const dark = (from: Date, to: Date) => {
    const text = (at: Date) => at.toISOString().replace('Z', '+00:00')
    return { blackouts: [{ from: text(from), to: text(to) }] }
  }
  /** Every ten seconds, 24, 14 and 4 seconds ago, all of them in a blackout; the next look is after it. */
  const inBlackout = () => ({ ...neglected(), nextRunAt: ahead(60), policies: dark(ago(60), ahead(60)) })

  test.for([
    ['its blackouts are taken away', { policies: {} }],
    ['it is given another schedule', weekly],
    ['its tags are changed', { tags: ['t'] }],
  ])('is recorded so far when %s', async ([, change], { db, pool }) => {
    const row = inBlackout()
    await db.insert(jobs).values({ ...row, nextScheduledFor: ahead(66) })

    await editJob(pool, row.id, { matches: any, graceSeconds: 900 }, () => change as object)

    expect(await ledgerOf(db, row.id)).toEqual([{ state: 'skipped', reason: 'blackout', count: 3 }])
    const [edited] = await db.select().from(jobs)
    expect(edited?.cursorAt.getTime()).toBeGreaterThan(Date.now() - 5_000)
  })

  test('is recorded so far when it is deleted', async ({ db, pool }) => {
    const row = inBlackout()
    await db.insert(jobs).values({ ...row, nextScheduledFor: ahead(66) })

    await deleteJob(pool, row.id, any)

    expect(await ledgerOf(db, row.id)).toEqual([{ state: 'skipped', reason: 'blackout', count: 3 }])
  })
})

describe('one that waits for its jitter while its blackouts are edited', () => {
  const edited = { policies: { jitterSeconds: 3_600, blackouts: [] } }
  async function prepare(db: Db, policies: object = {}, runs = 0) {
    const row = job({
      ...{ nextRunAt: ahead(20), cursorAt: ago(60), schedule: repeating({ hours: 2 }, ago(1)), runs },
      policies: { jitterSeconds: 3_600, ...policies },
    })
    await db.insert(jobs).values({ ...row, nextScheduledFor: ago(1) })
    return row.id
  }

  test('is a run, and the last of max_runs completes the job', async ({ db, pool }) => {
    const id = await prepare(db, { maxRuns: 2, blackouts: [] }, 1)

    const policies = { ...edited.policies, maxRuns: 2 }
    await editJob(pool, id, { matches: any, graceSeconds: 900 }, () => ({ tags: ['t'], policies }))

    expect(await ledgerOf(db, id)).toEqual([{ state: 'waiting', reason: null, count: 1 }])
    const [row] = await db.select().from(jobs)
    expect(row).toMatchObject({ status: 'completed', runs: 2, nextRunAt: null, nextScheduledFor: null })
  })

  test('is dropped while an execution of its job is not finished, where overlap is skip', async ({ db, pool }) => {
    const id = await prepare(db)
    await db.insert(executions).values(execution({ jobId: id, state: 'running', scheduledFor: ago(3_601) }))

    await editJob(pool, id, { matches: any, graceSeconds: 900 }, () => ({ tags: ['t'] }))

    expect((await ledgerOf(db, id)).slice(1)).toEqual([{ state: 'skipped', reason: 'overlap_skipped', count: 1 }])
  })
})

describe('what a pause left out', () => {
  test.for([
    ['is deleted', (pool: Parameters<typeof deleteJob>[0], id: string) => deleteJob(pool, id, any)],
    [
      'is given another schedule',
      (pool: Parameters<typeof deleteJob>[0], id: string) =>
        editJob(pool, id, { matches: any, graceSeconds: 900 }, () => weekly),
    ],
  ] as const)('is one row of the ledger when the job %s', async ([, change], { db, pool }) => {
    const row = {
      ...neglected(),
      status: 'paused' as const,
      nextRunAt: null,
      nextScheduledFor: null,
      pausedAt: ago(32),
    }
    await db.insert(jobs).values(row)

    await change(pool, row.id)

    expect(await ledgerOf(db, row.id)).toEqual([{ state: 'skipped', reason: 'paused', count: 3 }])
  })
})

test('what a pause left out is left to its resume when only the tags of the job change', async ({ db, pool }) => {
  const row = { ...neglected(), status: 'paused' as const, nextRunAt: null, nextScheduledFor: null, pausedAt: ago(32) }
  await db.insert(jobs).values(row)

  await editJob(pool, row.id, { matches: any, graceSeconds: 900 }, () => ({ tags: ['t'] }))

  expect(await ledgerOf(db, row.id)).toEqual([])
  const [edited] = await db.select().from(jobs)
  expect(edited).toMatchObject({ tags: ['t'], cursorAt: row.cursorAt })
})

test('a job whose schedule cannot be computed can be deleted', async ({ db, pool }) => {
  const row = { ...neglected(), timezone: 'Nowhere/Land' }
  await db.insert(jobs).values(row)

  await deleteJob(pool, row.id, any)

  expect(await ledgerOf(db, row.id)).toEqual([])
})
