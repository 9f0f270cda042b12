import { describe, expect } from 'vitest'
import { attemptRows, awaiting } from '../../test/awaiting.ts'
import { ago, ahead } from '../../test/factories.ts'
import { begin, byHand, queueItems, soleExecution, test, untilBlocked } from '../../test/queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { expireAcks } from './expire-acks.ts'
import { pauseJob } from './pause-job.ts'

const any = () => true
const final = { nextAttemptAt: null, ackDeadlineAt: null, finishedAt: expect.any(Date) }

test('a 202 leaves the execution running, without an item, until its receiver says more', async ({ pool, boss }) => {
  const { settleAs } = await awaiting(pool, boss)
  const row = await soleExecution(pool)
  expect(row).toMatchObject({ state: 'running', reason: 'awaiting_ack', attempt: 1, finishedAt: null })
  expect(row.ackDeadlineAt).toEqual(expect.any(Date))
  expect(await attemptRows(pool)).toMatchObject([{ attempt: 1, outcome: 'accepted', status: 202 }])
  expect(await queueItems(pool)).toEqual([])

  // Written again, since it was not known whether it was: what a heartbeat moved meanwhile stays.
  const again = { outcome: 'accepted', status: 202, state: 'running', reason: 'awaiting_ack' } as const
  expect(await settleAs({ ...again, ackDeadlineAt: ahead(9) })).toEqual(new Set())
  expect(await soleExecution(pool)).toEqual(row)
})

test('an acknowledgement makes it succeeded; the same again changes nothing', async ({ pool, boss }) => {
  const { say } = await awaiting(pool, boss)
  expect(await say('ack')).toBe('ok')
  const after = await soleExecution(pool)
  expect(after).toMatchObject({ ...final, state: 'succeeded', reason: null, failures: 0, deadAt: null })
  expect(await attemptRows(pool)).toMatchObject([{ outcome: 'succeeded', status: 202, error: null, head: 'thanks' }])

  expect(await say('ack')).toBe('ok')
  expect(await soleExecution(pool)).toEqual(after)
  expect([await say('nack'), await say('heartbeat')]).toEqual(['acknowledgement-expired', 'acknowledgement-expired'])
  expect(await soleExecution(pool)).toEqual(after)
})

describe('a refusal', () => {
  test('is a failure as any other: its job retries, not before the receiver asks for it', async ({ pool, boss }) => {
    const retry = { limit: 1, minBackoffSeconds: 20, jitter: 0 }
    const { say } = await awaiting(pool, boss, { delivery: { retry, async: { timeoutSeconds: 300 } } })
    const since = Date.now()
    expect(await say('nack', { retryAfterMs: 90_000, reason: 'out of paper' })).toBe('ok')
    const row = await soleExecution(pool)
    expect(row).toMatchObject({ state: 'waiting', reason: 'rejected', failures: 1, ackDeadlineAt: null, deadAt: null })
    expect(Math.abs(Number(row.nextAttemptAt) - since - 90_000)).toBeLessThan(2_000)
    expect(await attemptRows(pool)).toMatchObject([
      { outcome: 'rejected', status: 202, error: 'nack', head: 'out of paper' },
    ])
    expect(await say('nack')).toBe('ok')
    expect(await soleExecution(pool)).toEqual(row)
    expect([await say('ack'), await say('heartbeat')]).toEqual(['acknowledgement-expired', 'acknowledgement-expired'])
  })

  test('that wants no retry makes it a dead letter at once', async ({ pool, boss }) => {
    const { say } = await awaiting(pool, boss)
    await say('nack', { retry: false })
    const row = await soleExecution(pool)
    expect(row).toMatchObject({ ...final, state: 'failed', reason: 'rejected', failures: 1, deadAt: row.finishedAt })
  })

  test('of the last attempt there may be makes it a dead letter', async ({ pool, boss }) => {
    const { say } = await awaiting(pool, boss, { delivery: { retry: { limit: 0 }, async: { timeoutSeconds: 300 } } })
    await say('nack')
    expect(await soleExecution(pool)).toMatchObject({ ...final, state: 'failed', deadAt: expect.any(Date) })
  })
})

test('the next attempt is told by its own URLs only; those of the one before are older', async ({ pool, boss }) => {
  const { me, say } = await awaiting(pool, boss)
  await say('nack')
  await pool.query('update executions set next_attempt_at = created_at')
  expect((await dispatchHeld(pool, boss, { limit: 9 })).ids).toHaveLength(1)
  const { claims } = await me.claim()
  expect(claims).toMatchObject([{ attempt: 2, failures: 1 }])

  for (const action of ['ack', 'nack', 'heartbeat'] as const) expect(await say(action)).toBe('older-attempt')
  expect(await soleExecution(pool)).toMatchObject({ state: 'running', attempt: 2 })
  expect(await say('ack', {}, 2)).toBe('ok')
  expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', attempt: 2 })
})

test('after the deadline nothing counts, whether or not a worker has noticed', async ({ pool, boss }) => {
  const { say } = await awaiting(pool, boss, {}, ago(0.01))
  const before = await soleExecution(pool)
  for (const action of ['ack', 'nack', 'heartbeat'] as const) expect(await say(action)).toBe('acknowledgement-expired')
  expect(await soleExecution(pool)).toEqual(before)
})

describe('a heartbeat', () => {
  test('gives the time anew, from now on', async ({ pool, boss }) => {
    const { say } = await awaiting(pool, boss, {}, ahead(5))
    const since = Date.now()
    expect(await say('heartbeat')).toBe('ok')
    const { ackDeadlineAt } = await soleExecution(pool)
    expect(Math.abs(Number(ackDeadlineAt) - since - 300_000)).toBeLessThan(2_000)
  })

  test('gives no time beyond a day after the attempt began', async ({ db, pool, boss }) => {
    const { say } = await awaiting(pool, boss, {}, ahead(5))
    const claimedAt = ago(86_400 - 60)
    await db.update(executions).set({ claimedAt })
    await say('heartbeat')
    expect((await soleExecution(pool)).ackDeadlineAt).toEqual(new Date(claimedAt.getTime() + 86_400_000))
  })

  test('moves nothing once the job waits for its receivers no more', async ({ db, pool, boss }) => {
    const { say } = await awaiting(pool, boss, {}, ahead(5))
    await db.update(jobs).set({ delivery: null })
    const before = await soleExecution(pool)
    expect(await say('heartbeat')).toBe('ok')
    expect(await soleExecution(pool)).toEqual(before)
    expect(await say('ack')).toBe('ok')
  })
})

test('an execution that is not there can not be acknowledged', async ({ db, pool, boss }) => {
  const { say } = await awaiting(pool, boss)
  await db.delete(executions)
  expect(await say('ack')).toBe('execution-not-found')
})

describe.for([
  ['deleted', (pool, id) => deleteJob(pool, id, any)],
  ['paused', (pool, id) => pauseJob(pool, id, byHand, any)],
] as [string, (pool: Parameters<typeof deleteJob>[0], id: string) => Promise<unknown>][])(
  'once its job is %s',
  ([reason, end]) => {
    test('work that was accepted before may still succeed', async ({ pool, boss }) => {
      const { job, say } = await awaiting(pool, boss)
      await end(pool, job.id)
      expect(await soleExecution(pool)).toMatchObject({ state: 'running', reason: 'awaiting_ack' })
      expect(await say('heartbeat')).toBe('ok')
      expect(await say('ack')).toBe('ok')
      expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded' })
    })

    test('work that fails is not attempted again', async ({ pool, boss }) => {
      const { job, say } = await awaiting(pool, boss)
      await end(pool, job.id)
      expect(await say('nack')).toBe('ok')
      expect(await soleExecution(pool)).toMatchObject({ ...final, state: 'cancelled', reason, deadAt: null })
    })

    test('nor is work of which nothing was heard in time', async ({ pool, boss }) => {
      const { job } = await awaiting(pool, boss, {}, ago(1))
      await end(pool, job.id)
      await expireAcks(pool, 10)
      expect(await soleExecution(pool)).toMatchObject({ ...final, state: 'cancelled', reason, deadAt: null })
    })
  },
)

describe('at the same time', () => {
  test('twenty acknowledgements are one, and all are told so', async ({ pool, boss }) => {
    const { say } = await awaiting(pool, boss)
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => say('ack'))))).toEqual(new Set(['ok']))
    expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded' })
    expect(await attemptRows(pool)).toHaveLength(1)
  })

  test('an acknowledgement and a refusal: the one that comes first counts, the other is told', async ({
    pool,
    boss,
  }) => {
    const { claim, say } = await awaiting(pool, boss)
    const other = await begin(pool)
    await other.query('select from executions where id = $1 for update', [claim.executionId])
    const said = [say('ack'), say('nack', { retry: false })]
    await untilBlocked(pool, 2)
    await other.query('commit')

    const told = await Promise.all(said)
    expect(told.toSorted()).toEqual(['acknowledgement-expired', 'ok'])
    expect((await soleExecution(pool)).state).toBe(told[0] === 'ok' ? 'succeeded' : 'failed')
  })

  test('the end of its time and an acknowledgement that is being written: it is left alone, and succeeds', async ({
    pool,
    boss,
  }) => {
    const { claim } = await awaiting(pool, boss, {}, ago(1))
    const other = await begin(pool)
    await other.query(
      `update executions set state = 'succeeded', reason = null, ack_deadline_at = null, finished_at = now() where id = $1`,
      [claim.executionId],
    )
    expect(await expireAcks(pool, 10)).toEqual([])
    await other.query('commit')
    expect(await expireAcks(pool, 10)).toEqual([])
    expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded' })
  })

  test('an acknowledgement in time that has to wait until its time is over comes too late', async ({ pool, boss }) => {
    const { claim, say } = await awaiting(pool, boss, {}, ahead(0.4))
    const other = await begin(pool)
    await other.query('select from executions where id = $1 for update', [claim.executionId])
    const said = say('ack')
    await untilBlocked(pool, 1)
    const { rows } = await other.query(
      `select pg_sleep_until(ack_deadline_at + interval '5 ms') from executions where id = $1`,
      [claim.executionId],
    )
    expect(rows).toHaveLength(1)
    await other.query('commit')
    expect(await said).toBe('acknowledgement-expired')
    expect(await expireAcks(pool, 10)).toMatchObject([{ to: 'waiting' }])
  })
})
