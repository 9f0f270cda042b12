import { describe, expect } from 'vitest'
import { accepted, attemptRows, awaiting, inFlight, sayer } from '../../test/awaiting.ts'
import { ago, ahead } from '../../test/factories.ts'
import { begin, loseWorker, queueItems, rejected, soleExecution, test, worker } from '../../test/queue.ts'
import { transaction } from '../transaction.ts'
import type { Claim } from './begin-attempts.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { reconcile } from './reconcile.ts'

const timings = { dns: null, connect: null, tls: null, firstByte: 3, total: 4 }
const timedOut = {
  outcome: 'timed_out',
  status: null,
  error: 'ETIMEDOUT',
  state: 'waiting',
  reason: 'timed_out',
} as const

describe('what a receiver says before its answer is written down stands', () => {
  test.for([
    ['202', { ...accepted, timings }, 202],
    ['200', { timings }, 200],
    ['500', { ...rejected, timings }, 500],
    ['none', { ...timedOut, timings, nextAttemptAt: ahead(9) }, null],
  ] as const)('it is done, and the answer is %s', async ([, answer, status], { pool, boss }) => {
    const { settleAs, say } = await inFlight(pool, boss)
    expect(await say('ack')).toBe('ok')
    const after = await soleExecution(pool)
    expect(after).toMatchObject({ state: 'succeeded', reason: null, attempt: 1, ackDeadlineAt: null })
    expect(await attemptRows(pool)).toMatchObject([{ outcome: 'succeeded', status: null, totalMs: null }])

    expect(await settleAs(answer)).toEqual(new Set())
    expect(await settleAs(answer)).toEqual(new Set())
    expect(await soleExecution(pool)).toEqual(after)
    expect(await attemptRows(pool)).toMatchObject([{ outcome: 'succeeded', status, error: null, totalMs: 4 }])
    expect(await queueItems(pool)).toEqual([])
    expect(await say('ack')).toBe('ok')
  })

  test.for([
    ['202', { ...accepted, timings }, 202],
    ['200', { timings }, 200],
    ['500', { ...rejected, timings, failures: 1 }, 500],
  ] as const)('it failed, and the answer is %s', async ([, answer, status], { pool, boss }) => {
    const { settleAs, say } = await inFlight(pool, boss)
    expect(await say('nack', { reason: 'no paper' })).toBe('ok')
    const after = await soleExecution(pool)
    expect(after).toMatchObject({ state: 'waiting', reason: 'rejected', failures: 1, ackDeadlineAt: null })

    expect(await settleAs(answer)).toEqual(new Set())
    expect(await soleExecution(pool)).toEqual(after)
    expect(await attemptRows(pool)).toMatchObject([
      { outcome: 'rejected', status, error: 'nack', head: 'no paper', totalMs: 4 },
    ])
    expect(await queueItems(pool)).toEqual([])
  })

  test('it goes on: there is no deadline to move yet, and the 202 sets one', async ({ pool, boss }) => {
    const { settleAs, say } = await inFlight(pool, boss)
    const before = await soleExecution(pool)
    expect(await say('heartbeat')).toBe('ok')
    expect(await soleExecution(pool)).toEqual(before)
    expect((await settleAs(accepted)).size).toBe(1)
    expect((await soleExecution(pool)).ackDeadlineAt).toEqual(accepted.ackDeadlineAt)
  })

  test('of an attempt that was to make room for a newer one: done is done, failed is cancelled', async ({
    pool,
    boss,
  }) => {
    const done = await inFlight(pool, boss)
    const failed = await inFlight(pool, boss)
    await transaction(pool, (client) => cancelUnfinished(client, [done.job.id, failed.job.id], ago(0)))
    await done.say('ack')
    await failed.say('nack')
    const { rows } = await pool.query('select state, reason from executions order by state')
    expect(rows).toEqual([
      { state: 'succeeded', reason: null },
      { state: 'cancelled', reason: 'superseded' },
    ])
  })
})

describe('an attempt that was lost with its worker', () => {
  test('is done when its receiver says so, and not repeated', async ({ pool, boss }) => {
    const { me, claim, say, settleAs } = await inFlight(pool, boss)
    await loseWorker(boss, [claim])
    const other = worker(pool, boss)
    await other.claim(() => ({ reason: 'circuit_open', at: ahead(60) }))
    expect(await soleExecution(pool)).toMatchObject({ state: 'parked', attempt: 1 })
    expect(await attemptRows(pool)).toMatchObject([{ outcome: 'abandoned' }])
    // There is another to come, for which this one can't ask for time.
    expect(await say('heartbeat')).toBe('acknowledgement-expired')
    expect(await say('ack')).toBe('ok')
    const after = await soleExecution(pool)
    expect(after).toMatchObject({ state: 'succeeded', nextAttemptAt: null })
    expect(await attemptRows(pool)).toMatchObject([{ outcome: 'succeeded', status: null }])

    expect(await settleAs({ ...accepted, timings })).toEqual(new Set())
    expect(await soleExecution(pool)).toEqual(after)
    expect(await attemptRows(pool)).toMatchObject([{ outcome: 'succeeded', status: 202, totalMs: 4 }])
    expect((await me.claim()).claims).toEqual([])
  })

  test('counts no more once another has begun', async ({ pool, boss }) => {
    const { claim, settleAs, say } = await inFlight(pool, boss)
    await loseWorker(boss, [claim])
    const [second] = (await worker(pool, boss).claim()).claims
    expect(await settleAs(accepted)).toEqual(new Set())
    expect(await say('ack')).toBe('older-attempt')
    expect(await soleExecution(pool)).toMatchObject({ state: 'running', attempt: 2, ackDeadlineAt: null })
    expect(await sayer(pool, second as Claim)('ack')).toBe('ok')
  })

  test('after its 202 was written down is not repeated: an item that comes back all the same is ended', async ({
    pool,
    boss,
  }) => {
    const { claim, settleAs, say } = await inFlight(pool, boss)
    // Its lease is lost at the moment of the settle, which therefore leaves the item alone.
    await loseWorker(boss, [claim])
    await settleAs(accepted)
    const before = await soleExecution(pool)
    expect(await queueItems(pool)).toHaveLength(1)

    expect(await worker(pool, boss).claim()).toMatchObject({ fetched: 1, claims: [] })
    expect(await queueItems(pool)).toEqual([])
    expect(await reconcile(pool, boss)).toMatchObject({ requeued: 0, crashed: 0 })
    expect(await soleExecution(pool)).toEqual(before)
    expect(await say('ack')).toBe('ok')
  })

  test('for the last time, after its 202 was written down, has not failed', async ({ pool, boss }) => {
    const { claim, settleAs } = await inFlight(pool, boss)
    await loseWorker(boss, [claim])
    await settleAs(accepted)
    await pool.query(`update pgboss.job set state = 'failed' where name = 'deliver'`)
    expect(await reconcile(pool, boss)).toMatchObject({ requeued: 0, crashed: 0 })
    expect(await soleExecution(pool)).toMatchObject({ state: 'running', reason: 'awaiting_ack' })
    expect(await queueItems(pool)).toEqual([])
  })
})

describe('cancel_running', () => {
  test('cancels what a receiver has accepted at once: no worker has it', async ({ pool, boss }) => {
    const { job, say } = await awaiting(pool, boss)
    await transaction(pool, (client) => cancelUnfinished(client, [job.id], ago(0)))
    expect(await soleExecution(pool)).toMatchObject({
      ...{ state: 'cancelled', reason: 'superseded', ackDeadlineAt: null, cancelRequestedAt: null },
      finishedAt: expect.any(Date),
    })
    for (const action of ['ack', 'nack', 'heartbeat'] as const)
      expect(await say(action)).toBe('acknowledgement-expired')
  })

  test('asked for while the attempt is in flight, makes of its 202 a cancellation', async ({ pool, boss }) => {
    const { job, settleAs, say } = await inFlight(pool, boss)
    await transaction(pool, (client) => cancelUnfinished(client, [job.id], ago(0)))
    await settleAs(accepted)
    expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason: 'superseded', ackDeadlineAt: null })
    expect(await say('ack')).toBe('acknowledgement-expired')
  })

  test('and an acknowledgement that is being written do not block each other', async ({ pool, boss }) => {
    const { job, claim, say } = await awaiting(pool, boss)
    const other = await begin(pool)
    await other.query('select from executions where id = $1 for update', [claim.executionId])
    const both = Promise.all([say('ack'), transaction(pool, (client) => cancelUnfinished(client, [job.id], ago(0)))])
    await other.query('commit')
    const [told] = await both
    expect((await soleExecution(pool)).state).toBe(told === 'ok' ? 'succeeded' : 'cancelled')
  })
})
