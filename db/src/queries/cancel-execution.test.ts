import { asc } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { awaiting } from '../../test/awaiting.ts'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { begin, outcomeOf, queueItems, queueUp, soleExecution, test, untilBlocked, worker } from '../../test/queue.ts'
import { createDb, type Pool } from '../client.ts'
import { FLOW_CHANNEL } from '../notify.ts'
import { destinations, events, executions, flowSlots, jobs } from '../schema/index.ts'
import { cancelExecution } from './cancel-execution.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { limitFlow } from './flow-limits.ts'
import { createTurns } from './in-turn.ts'
import { FAR } from './ledger-rows.ts'
import { promote } from './promote.ts'
import { releaseLimited } from './release-limited.ts'
import { releaseParked } from './release-parked.ts'
import { settle } from './settle.ts'

const any = () => true
const byHand = {
  ...{ state: 'cancelled', reason: 'cancelled_by_hand', finishedAt: expect.any(Date), nextAttemptAt: null },
  ...{ behind: false, deadAt: null, ackDeadlineAt: null, cancelRequestedAt: null },
}
const idOf = async (pool: Pool) => (await soleExecution(pool)).id
const ofTime = (pool: Pool) => createDb(pool).select().from(executions).orderBy(asc(executions.scheduledFor))

describe('an execution that is not in flight', () => {
  test.for([
    ['waits for its next attempt', { state: 'waiting', nextAttemptAt: ago(1), attempt: 1, reason: 'rejected' }],
    ['is parked', { state: 'parked', nextAttemptAt: FAR, reason: 'circuit_open' }],
    ['waits behind another', { state: 'waiting', nextAttemptAt: FAR, reason: 'overlap_queued', behind: true }],
  ] as const)('and %s is cancelled at once, and nothing takes it up again', async ([, fields], { db, pool, boss }) => {
    const row = job({ nextRunAt: ahead(3_600) })
    await db.insert(jobs).values(row)
    await db.insert(executions).values(execution({ jobId: row.id, ...fields }))

    expect(await cancelExecution(pool, await idOf(pool))).toMatchObject(byHand)

    await promote(pool, [row.id as string])
    await dispatchHeld(pool, boss, { limit: 10 })
    await releaseParked(pool, boss, {
      ...{ destination: 'http://receiver.test', reason: 'circuit_open', limit: 10, ramp: { perSecond: 9 } },
    })
    expect(await soleExecution(pool)).toMatchObject(byHand)
    expect(await queueItems(pool)).toEqual([])
  })

  test('and is queued is cancelled at once: whoever takes its item sends nothing, and ends it', async ({
    db,
    pool,
    boss,
  }) => {
    await queueUp(pool, boss)
    const [before] = await db.select().from(jobs)

    expect(await cancelExecution(pool, await idOf(pool))).toMatchObject({ ...byHand, attempt: 0, attempts: [] })

    expect(await worker(pool, boss).claim()).toMatchObject({ fetched: 1, claims: [], held: [] })
    expect(await queueItems(pool)).toEqual([])
    expect(await db.select().from(jobs)).toEqual([before])
    expect(await db.select().from(events)).toEqual([])
  })

  test('and was accepted by its receiver is cancelled at once: what that says of it comes too late', async ({
    pool,
    boss,
  }) => {
    const { say } = await awaiting(pool, boss)
    expect(await cancelExecution(pool, await idOf(pool))).toMatchObject({ ...byHand, attempt: 1 })
    for (const action of ['ack', 'nack', 'heartbeat'] as const)
      expect(await say(action)).toBe('acknowledgement-expired')
    expect(await soleExecution(pool)).toMatchObject(byHand)
  })

  test('gives way to the one that waits for it', async ({ pool, boss }) => {
    const { id } = await awaiting(pool, boss).then(({ job: row }) => row)
    const next = { state: 'waiting', reason: 'overlap_queued', behind: true, nextAttemptAt: FAR } as const
    await createDb(pool)
      .insert(executions)
      .values([execution({ jobId: id, scheduledFor: ago(0.5), ...next })])
    const [first, second] = await ofTime(pool)
    await cancelExecution(pool, first?.id ?? '')
    expect(await ofTime(pool)).toMatchObject([byHand, { id: second?.id, behind: false, reason: null }])
    await dispatchHeld(pool, boss, { limit: 10 })
    expect((await worker(pool, boss).claim()).claims).toMatchObject([{ executionId: second?.id }])
  })

  test('gives its slots back, and another begins at once', async ({ pool, boss }) => {
    await limitFlow(pool, 'destination', 'http://receiver.test', { rate: null, concurrency: 1, paused: false })
    await queueUp(pool, boss, {}, 2)
    const release = async () => (await releaseLimited(pool, boss, { turns: createTurns(), sweep: false })).released
    expect(await release()).toBe(1)
    const [slot] = await createDb(pool).select().from(flowSlots)
    expect(await release()).toBe(0)
    const keeper = await begin(pool)
    await keeper.query(`commit; listen ${FLOW_CHANNEL}`)
    const told = new Promise((resolve) => keeper.once('notification', resolve))
    await cancelExecution(pool, slot?.executionId ?? '')
    await told
    expect(await createDb(pool).select().from(flowSlots)).toEqual([])
    expect(await release()).toBe(1)
  })

  test('and is the probe of a circuit leaves its turn to another, once the time of its word is up', async ({
    db,
    pool,
    boss,
  }) => {
    const row = job({ nextRunAt: ahead(3_600), policies: { overlap: 'allow' } })
    await db.insert(jobs).values(row)
    const circuit = { state: 'open', openedAt: ago(60), retryAt: ago(1), failures: 5 } as const
    await db.insert(destinations).values({ destination: row.destination, updatedAt: ago(1), ...circuit })
    const parked = { jobId: row.id as string, state: 'parked', reason: 'circuit_open', kind: 'manual' } as const
    await db
      .insert(executions)
      .values([execution({ ...parked, scheduledFor: ago(9) }), execution({ ...parked, scheduledFor: ago(8) })])
    const release = () =>
      releaseParked(pool, boss, {
        ...{ destination: row.destination, reason: 'circuit_open', limit: 10, ramp: { perSecond: 9 } },
      })
    expect(await release()).toMatchObject({ count: 1 })
    const [probe, other] = await ofTime(pool)
    expect(probe).toMatchObject({ state: 'queued', reason: 'circuit_probe' })
    await cancelExecution(pool, probe?.id ?? '')
    expect((await worker(pool, boss).claim()).claims).toEqual([])
    expect(await release()).toMatchObject({ count: 0, waitMs: expect.any(Number) })

    await pool.query('update destinations set probe_until = now() - interval $$1 second$$')
    expect(await release()).toMatchObject({ count: 1 })
    expect((await worker(pool, boss).claim()).claims).toMatchObject([{ executionId: other?.id, isProbe: true }])
  })
})

describe('a request to cancel', () => {
  test.for(['succeeded', 'failed', 'skipped', 'expired'] as const)(
    'one that is %s is refused',
    async (state, { pool }) => {
      const dead = state === 'failed' ? { deadAt: ago(1) } : {}
      await createDb(pool)
        .insert(executions)
        .values(execution({ state, ...dead }))
      const before = await soleExecution(pool)
      await expect(cancelExecution(pool, before.id)).rejects.toMatchObject({
        code: 'execution-finished',
        message: expect.stringMatching(
          state === 'failed' ? /it is failed, .* DELETE \/dead-letters\// : new RegExp(`it is ${state}, .*/explain`),
        ),
      })
      expect(await soleExecution(pool)).toEqual(before)
    },
  )

  test('one that is cancelled leaves it as it is; one that does not exist is refused', async ({ pool, boss }) => {
    const { id } = await queueUp(pool, boss)
    await deleteJob(pool, id, any)
    const before = await soleExecution(pool)
    expect(before).toMatchObject({ state: 'cancelled', reason: 'deleted' })
    expect(await cancelExecution(pool, before.id)).toMatchObject(before)
    expect(await soleExecution(pool)).toEqual(before)
    await expect(cancelExecution(pool, id)).rejects.toMatchObject({ code: 'execution-not-found' })
  })

  test('waits for who has the job, and finds what that has made of it', async ({ pool, boss }) => {
    const { id } = await queueUp(pool, boss)
    const execution = await idOf(pool)
    const other = await begin(pool)
    await other.query('select from jobs where id = $1 for update', [id])
    const refused = expect(cancelExecution(pool, execution)).rejects.toMatchObject({ code: 'execution-finished' })
    await untilBlocked(pool, 1)
    // It has not locked the execution, which who has the job is about to change.
    await other.query(`set local lock_timeout = '1s'`)
    await other.query(`update executions set state = 'succeeded', attempt = 1, finished_at = now() where job_id = $1`, [
      id,
    ])
    await other.query('commit')
    await refused
  })

  test('ten at once, a delete, a settle and a claim do not block each other, whoever comes first', async ({
    pool,
    boss,
  }) => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await queueUp(pool, boss, {}, 10)
      const me = worker(pool, boss)
      const { claims } = await me.claim(undefined, 3)
      const ids = (await ofTime(pool)).filter((it) => it.jobId === id).map((it) => it.id)
      const settling = settle(
        pool,
        boss,
        me.workerId,
        claims.map((it) => outcomeOf(it)),
      )
      const results = await Promise.allSettled([
        ...ids.map((it) => cancelExecution(pool, it)),
        ...[settling, deleteJob(pool, id, any), worker(pool, boss).claim()],
      ])
      const refused = results.flatMap((it) => (it.status === 'rejected' ? [it.reason.code] : []))
      expect(refused.filter((code) => code !== 'execution-finished')).toEqual([])
      // Those of the other worker were in flight, and are to be broken off.
      const { rows } = await pool.query(
        'select from executions where job_id = $1 and finished_at is null and cancel_requested_at is null',
        [id],
      )
      expect(rows).toEqual([])
    }
  })
})
