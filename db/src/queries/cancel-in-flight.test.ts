import { describe, expect } from 'vitest'
import { accepted, inFlight } from '../../test/awaiting.ts'
import { ago, ahead } from '../../test/factories.ts'
import {
  begin,
  loseWorker,
  queueItems,
  queueUp,
  rejected,
  soleExecution,
  test,
  untilBlocked,
  worker,
} from '../../test/queue.ts'
import { createDb, type Pool } from '../client.ts'
import { CANCEL_CHANNEL } from '../notify.ts'
import { attempts, events } from '../schema/index.ts'
import { transaction } from '../transaction.ts'
import { cancelExecution } from './cancel-execution.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { beginHeld, putBack } from './claim.ts'
import { limitFlow } from './flow-limits.ts'
import { reconcile } from './reconcile.ts'
import { toCancel } from './to-cancel.ts'

const asked = { state: 'running', reason: 'cancelled_by_hand', cancelRequestedAt: expect.any(Date), finishedAt: null }
const ended = {
  ...{ state: 'cancelled', reason: 'cancelled_by_hand', finishedAt: expect.any(Date), nextAttemptAt: null },
  ...{ ackDeadlineAt: null, deadAt: null },
}
const cancel = async (pool: Pool) => await cancelExecution(pool, (await soleExecution(pool)).id)

describe('an execution whose attempt is in flight', () => {
  test('is to be broken off: its worker is told, each time, and finds it if it was not', async ({ pool, boss }) => {
    const { claim } = await inFlight(pool, boss)
    const client = await begin(pool)
    await client.query(`commit; listen ${CANCEL_CHANNEL}`)
    const told: (string | undefined)[] = []
    client.on('notification', ({ payload }) => told.push(payload))

    expect(await cancel(pool)).toMatchObject({ ...asked, attempt: 1 })
    const first = await soleExecution(pool)
    expect(await cancel(pool)).toMatchObject(asked)

    expect(await soleExecution(pool)).toEqual(first)
    await expect.poll(() => told).toEqual([claim.executionId, claim.executionId])
    expect(await toCancel(pool, [{ id: claim.executionId, scheduledFor: claim.scheduledFor }])).toEqual(told.slice(1))
  })

  test.for([
    ['was broken off', { outcome: 'abandoned', status: null, state: 'waiting', nextAttemptAt: ago(0) }],
    ['failed for good', rejected],
    ['failed, and would be followed by another', { ...rejected, state: 'waiting', nextAttemptAt: ahead(9) }],
    ['was accepted', accepted],
  ] as const)('is cancelled when that %s: no dead letter, no event', async ([, answer], { db, pool, boss }) => {
    const { settleAs, say } = await inFlight(pool, boss)
    await cancel(pool)
    expect((await settleAs(answer)).size).toBe(1)
    expect(await soleExecution(pool)).toMatchObject(ended)
    expect(await db.select().from(events)).toEqual([])
    expect(await queueItems(pool)).toEqual([])
    expect(await say('ack')).toBe('acknowledgement-expired')
    expect(await cancel(pool)).toMatchObject(ended)
  })

  test('has succeeded when that does all the same', async ({ pool, boss }) => {
    const { settleAs } = await inFlight(pool, boss)
    await cancel(pool)
    await settleAs({})
    expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', reason: null })
    await expect(cancel(pool)).rejects.toMatchObject({ code: 'execution-finished' })
  })

  test.for([
    ['ack', { state: 'succeeded', reason: null }],
    ['nack', ended],
  ] as const)('and whose receiver says %s before it answers', async ([action, expected], { pool, boss }) => {
    const { say } = await inFlight(pool, boss)
    await cancel(pool)
    expect(await say(action)).toBe('ok')
    expect(await soleExecution(pool)).toMatchObject(expected)
  })

  test('is one that a newer execution supersedes too, or the other way round: a person is the reason', async ({
    pool,
    boss,
  }) => {
    for (const order of [0, 1]) {
      const { job, claim, settleAs } = await inFlight(pool, boss)
      const supersede = () => transaction(pool, (client) => cancelUnfinished(client, [job.id], ago(0)))
      if (order === 1) await supersede()
      expect(await cancelExecution(pool, claim.executionId)).toMatchObject(asked)
      if (order === 0) await supersede()
      await settleAs(rejected)
      const { rows } = await pool.query('select reason from executions where id = $1', [claim.executionId])
      expect(rows).toEqual([{ reason: 'cancelled_by_hand' }])
    }
  })

  test('is found in flight when its claim is about to be committed', async ({ pool, boss }) => {
    await queueUp(pool, boss)
    const other = await begin(pool)
    await other.query('select from executions for update')
    const cancelled = cancel(pool)
    await untilBlocked(pool, 1)
    await other.query(`update executions set state = 'running', attempt = 1, claimed_at = now()`)
    await other.query('commit')
    expect(await cancelled).toMatchObject(asked)
  })
})

describe('an answer', () => {
  test('waits until an attempt that was just claimed is on the wire', async ({ pool, boss }) => {
    await inFlight(pool, boss)
    const [{ at } = { at: Number.NaN }] = (
      await pool.query<{ at: number }>('select extract(epoch from claimed_at)::float8 * 1000 as at from executions')
    ).rows
    await cancel(pool)
    expect(Date.now() - at).toBeGreaterThanOrEqual(245)
  })

  test('does not wait for one that was claimed long ago, nor for one that is not in flight', async ({ pool, boss }) => {
    await inFlight(pool, boss)
    await pool.query(`update executions set claimed_at = now() - interval '1 second'`)
    const since = performance.now()
    await cancel(pool)
    expect(performance.now() - since).toBeLessThan(200)
  })
})

describe('an execution whose attempt is lost with its worker once it was to be broken off', () => {
  /** Lost while it was in flight, and taken by another worker that holds it. */
  async function heldAgain(pool: Pool, boss: Parameters<typeof inFlight>[1]) {
    const { claim } = await inFlight(pool, boss)
    await loseWorker(boss, [claim])
    const other = worker(pool, boss)
    const { held } = await other.claim(() => 'hold')
    expect(held).toMatchObject([{ lost: true }])
    expect(await cancel(pool)).toMatchObject(asked)
    return { other, held }
  }

  const isOver = async (pool: Pool) => {
    expect(await soleExecution(pool)).toMatchObject({ ...ended, attempt: 1 })
    expect(await createDb(pool).select().from(attempts)).toMatchObject([{ attempt: 1, outcome: 'abandoned' }])
    expect(await queueItems(pool)).toEqual([])
  }

  test.for([
    ['send it', 'send'],
    ['hold it', 'hold'],
    ['park it', { reason: 'circuit_open', at: ahead(60) }],
  ] as const)('is cancelled when its item comes back to who would %s', async ([, decide], { pool, boss }) => {
    const { claim } = await inFlight(pool, boss)
    await cancel(pool)
    await loseWorker(boss, [claim])
    expect(await worker(pool, boss).claim(() => decide)).toMatchObject({ fetched: 1, claims: [], held: [], parked: 0 })
    await isOver(pool)
  })

  test('is cancelled when its item was lost for the last time', async ({ db, pool, boss }) => {
    const { claim } = await inFlight(pool, boss)
    await cancel(pool)
    await pool.query('update pgboss.job set retry_count = retry_limit')
    await loseWorker(boss, [claim])
    expect(await reconcile(pool, boss)).toMatchObject({ crashed: 0, requeued: 0 })
    await isOver(pool)
    expect(await db.select().from(events)).toEqual([])
  })

  test('is cancelled when a worker that holds it puts it back', async ({ pool, boss }) => {
    const { other, held } = await heldAgain(pool, boss)
    await putBack(other.parts, held, { reason: 'circuit_open', at: ahead(60) })
    await isOver(pool)
  })

  test.for([
    ['has a place for it', () => Promise.resolve()],
    [
      'finds its circuit open',
      (pool: Pool) =>
        pool.query(`insert into destinations (destination, state, opened_at, retry_at, updated_at)
          select destination, 'open', now(), '2031-01-01T00:00:00Z', now() from executions`),
    ],
    [
      'finds its destination limited',
      (pool: Pool) =>
        limitFlow(pool, 'destination', 'http://receiver.test', { rate: null, concurrency: null, paused: true }),
    ],
  ] as const)('is cancelled when a worker that holds it %s', async ([, happen], { pool, boss }) => {
    const { other, held } = await heldAgain(pool, boss)
    await happen(pool)
    expect(await beginHeld(other.parts, held)).toEqual([])
    await isOver(pool)
  })
})
