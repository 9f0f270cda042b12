import { defaultRetry } from '@scheduler/core/delivery'
import { backoffMs } from '@scheduler/core/retry'
import { asc, isNotNull } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { attemptRows, awaiting, sayer } from '../../test/awaiting.ts'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { begin, soleExecution, test } from '../../test/queue.ts'
import { createDb, type Db, type Pool } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'
import { expireAcks } from './expire-acks.ts'
import { lookAhead } from './look-ahead.ts'
import { promote } from './promote.ts'

const async = { timeoutSeconds: 300 }

/** So many executions that await a word, the n-th for so many seconds too long. */
async function overdue(db: Db, seconds: number[]): Promise<void> {
  const row = job({ type: 'once', delivery: { async } })
  await db.insert(jobs).values(row)
  const late = seconds.map((it, n) =>
    execution({
      ...{ jobId: row.id, state: 'running', reason: 'awaiting_ack', scheduledFor: ago(1_000 + n) },
      ...{ claimedAt: ago(900), claimedBy: row.id, firstAttemptAt: ago(900), ackDeadlineAt: ago(it) },
    }),
  )
  await db.insert(executions).values(late)
}

test('who said nothing in time has failed the attempt: it is repeated as after any failure', async ({ pool, boss }) => {
  const { claim } = await awaiting(pool, boss, {}, ago(0.05))
  const since = Date.now()
  const [ended, ...others] = await expireAcks(pool, 10)
  expect(others).toEqual([])
  expect(ended).toMatchObject({ id: claim.executionId, to: 'waiting', reason: 'timed_out', recurring: true })

  const row = await soleExecution(pool)
  expect(row).toMatchObject({
    state: 'waiting',
    reason: 'timed_out',
    failures: 1,
    ackDeadlineAt: null,
    finishedAt: null,
  })
  expect(Math.abs(Number(row.nextAttemptAt) - since - backoffMs(defaultRetry, 1, row.id))).toBeLessThan(2_000)
  expect(await attemptRows(pool)).toMatchObject([
    { outcome: 'timed_out', status: 202, error: 'ack_timeout', head: 'thanks' },
  ])
  expect(await expireAcks(pool, 10)).toEqual([])
})

test.for([
  ['its retries are used up', { limit: 0 }, 5],
  ['it would be older than its retries may be', { maxAgeSeconds: 60 }, 59],
  ['its job is due before', { stopAtNext: true }, 5],
] as const)('it has failed for good when %s', async ([, retry, age], { db, pool, boss }) => {
  await awaiting(pool, boss, { delivery: { retry, async }, nextRunAt: ahead(5), nextScheduledFor: ahead(5) }, ago(1))
  await db.update(executions).set({ firstAttemptAt: ago(age) })
  expect(await expireAcks(pool, 10)).toMatchObject([{ to: 'failed' }])
  const row = await soleExecution(pool)
  expect(row).toMatchObject({ state: 'failed', reason: 'timed_out', deadAt: row.finishedAt, nextAttemptAt: null })
})

test('only so many at once, the longest overdue first; none before its time, and none that somebody has locked', async ({
  db,
  pool,
}) => {
  await overdue(db, [5, 50, 500, -50])
  expect((await expireAcks(pool, 1)).map((it) => it.scheduledFor.getTime())).toHaveLength(1)
  const left = () => db.select({ at: executions.ackDeadlineAt }).from(executions).orderBy(asc(executions.ackDeadlineAt))
  const [first] = await left()
  expect(Math.abs(Number(first?.at) - Number(ago(50)))).toBeLessThan(3_000)
  expect((await lookAhead(pool)).ackDeadlineAt).toEqual(first?.at)

  const other = await begin(pool)
  await other.query('select from executions where ack_deadline_at = $1 for update', [first?.at])
  expect(await expireAcks(pool, 10)).toHaveLength(1)
  await other.query('commit')
  expect(await expireAcks(pool, 10)).toHaveLength(1)
  expect(await expireAcks(pool, 10)).toEqual([])
  expect(await db.$count(executions)).toBe(4)
})

test('four that look for them at once end each exactly once', async ({ db, pool }) => {
  await overdue(
    db,
    Array.from({ length: 60 }, (_, n) => n + 1),
  )
  const found = await Promise.all(Array.from({ length: 4 }, () => expireAcks(pool, 20)))
  while ((await expireAcks(pool, 20).then((it) => found.push(it) && it.length)) > 0);
  const ids = found.flat().map((it) => it.id)
  expect([ids.length, new Set(ids).size]).toEqual([60, 60])
  expect((await db.select().from(executions)).map((it) => [it.state, it.failures])).toEqual(
    Array.from({ length: 60 }, () => ['waiting', 1]),
  )
})

test('forty acknowledged just as their time ends: each was in time or too late, and is told which', async ({
  db,
  pool,
}) => {
  // From half a second ago to half a second ahead; and one with time enough, however slow the machine.
  await overdue(
    db,
    Array.from({ length: 40 }, (_, n) => (n === 0 ? -60 : (n - 20) / 40)),
  )
  const rows = await db.select().from(executions).orderBy(asc(executions.ackDeadlineAt))
  const ended: string[] = []
  const expire = async () => void ended.push(...(await expireAcks(pool, 3)).map((it) => it.id))
  const said = rows.map(({ id }) => sayer(pool, { executionId: id, attempt: 1 })('ack'))
  const expiring = rows.map(expire)
  const told = await Promise.all(said)
  await Promise.all(expiring)
  await expect.poll(async () => expire().then(() => db.$count(executions, isNotNull(executions.ackDeadlineAt)))).toBe(0)

  const after = new Map((await db.select().from(executions)).map((it) => [it.id, it.state]))
  rows.forEach(({ id }, n) => {
    expect(after.get(id), told[n]).toBe(told[n] === 'ok' ? 'succeeded' : 'waiting')
    expect(ended.filter((it) => it === id)).toHaveLength(told[n] === 'ok' ? 0 : 1)
  })
  expect(new Set(told)).toEqual(new Set(['ok', 'acknowledgement-expired']))
})

describe('the next occurrence of its job', () => {
  const overlapping = async (pool: Pool, boss: Parameters<typeof awaiting>[1], overlap: 'skip' | 'queue_one') => {
    const it = await awaiting(pool, boss, {
      ...{ policies: { overlap }, schedule: repeating({ seconds: 10 }, ago(1)), nextRunAt: ago(1) },
      ...{ nextScheduledFor: ago(1), cursorAt: ago(2), delivery: { retry: { limit: 0 }, async } },
    })
    await dispatchDue(pool, boss, { limit: 10, graceSeconds: 900 })
    const rows = async () => {
      const found = await createDb(pool).select().from(executions).orderBy(asc(executions.createdAt))
      return found.map(({ state, reason, behind }) => [state, reason, behind] as const)
    }
    return { ...it, rows }
  }
  const waits = ['running', 'awaiting_ack', false] as const

  test('is skipped while its receiver works', async ({ pool, boss }) => {
    const { rows } = await overlapping(pool, boss, 'skip')
    expect(await rows()).toEqual([waits, ['skipped', 'overlap_skipped', false]])
  })

  test.for([
    ['has succeeded', 'ack', 'succeeded', null],
    ['has failed', 'nack', 'failed', 'rejected'],
  ] as const)(
    'waits while its receiver works, and goes once that %s',
    async ([, action, state, reason], { pool, boss }) => {
      const { say, rows, job: row } = await overlapping(pool, boss, 'queue_one')
      expect(await promote(pool, [row.id])).toBe(0)
      expect(await rows()).toEqual([waits, ['waiting', 'overlap_queued', true]])
      expect(await say(action)).toBe('ok')
      expect(await rows()).toEqual([
        [state, reason, false],
        ['waiting', null, false],
      ])
    },
  )
})
