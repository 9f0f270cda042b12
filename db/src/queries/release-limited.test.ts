import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import {
  begin,
  loseWorker,
  outcomeOf,
  queueItems,
  queueUp,
  rejected,
  test,
  untilBlocked,
  worker,
} from '../../test/queue.ts'
import { createDb, type Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { executions, flowLimits, flowSlots, jobs } from '../schema/index.ts'
import { transaction } from '../transaction.ts'
import { beginHeld } from './claim.ts'
import { dispatchDue } from './dispatch-due.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { limitFlow } from './flow-limits.ts'
import { giveBackSlots } from './flow-slots.ts'
import { createTurns } from './in-turn.ts'
import { lockFlows } from './read-limits.ts'
import { releaseLimited } from './release-limited.ts'
import { settle } from './settle.ts'

const destination = 'http://receiver.test'
type Fields = Partial<typeof flowLimits.$inferInsert>

async function limit(pool: Pool, fields: Fields, flow: { kind?: 'key'; flow?: string } = {}): Promise<void> {
  const at = { createdAt: ago(0), updatedAt: ago(0) }
  const row = { kind: 'destination' as const, flow: destination, ...flow, ...at, ...fields }
  await createDb(pool)
    .insert(flowLimits)
    .values(row)
    .onConflictDoUpdate({ target: [flowLimits.kind, flowLimits.flow], set: fields })
}

const release = async (pool: Pool, boss: Boss, sweep = false) =>
  (await releaseLimited(pool, boss, { turns: createTurns(), sweep })).released

const states = async (pool: Pool) =>
  (await createDb(pool).select().from(executions)).map((it) => it.reason ?? it.state).sort()

const slots = async (pool: Pool) => await createDb(pool).select().from(flowSlots)

test('what is dispatched to a limited destination is parked at once, past the queue', async ({ db, pool, boss }) => {
  await limit(pool, { concurrency: 2 })
  await db.insert(jobs).values([job(), job({ destination: 'http://free.test' })])

  await dispatchDue(pool, boss, { limit: 10, graceSeconds: 900 })

  expect(await states(pool)).toEqual(['destination_limited', 'queued'])
  expect(await queueItems(pool)).toHaveLength(1)
})

test('what was queued before the limit came is parked by the claim, and begins with a grant', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 3)
  await limit(pool, { concurrency: 2 })
  const me = worker(pool, boss)

  expect(await me.claim()).toMatchObject({ claims: [], parked: 3 })
  expect(await release(pool, boss)).toBe(2)
  expect(await release(pool, boss)).toBe(0)

  const { claims } = await me.claim()
  expect(claims).toHaveLength(2)
  expect(await states(pool)).toEqual(['destination_limited', 'running', 'running'])

  await settle(
    pool,
    boss,
    me.workerId,
    claims.slice(0, 1).map((it) => outcomeOf(it)),
  )
  expect(await slots(pool)).toHaveLength(1)
  expect(await release(pool, boss)).toBe(1)
})

test('a held item whose destination comes to be limited is parked when its turn comes', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(() => 'hold')
  await limit(pool, { paused: true })

  expect(await beginHeld(me.parts, held)).toEqual([])
  expect(await states(pool)).toEqual(['destination_limited'])
  expect(await queueItems(pool)).toEqual([])
})

test('a retry gives its slot back while it waits, and waits for another once it is due', async ({ pool, boss }) => {
  await limit(pool, { concurrency: 1 })
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  expect(await states(pool)).toEqual(['destination_limited'])
  await release(pool, boss)
  const { claims } = await me.claim()
  const waiting = { ...rejected, state: 'waiting', nextAttemptAt: ago(0) } as const
  await settle(
    pool,
    boss,
    me.workerId,
    claims.map((it) => outcomeOf(it, waiting)),
  )

  expect(await slots(pool)).toEqual([])
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ ids: [], limited: 1 })
  expect(await states(pool)).toEqual(['destination_limited'])
  expect(await queueItems(pool)).toEqual([])
  // No clock brings it back.
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ ids: [], limited: 0 })
})

test('an attempt that is lost with its worker keeps its slot, and so does the one that follows it', async ({
  pool,
  boss,
}) => {
  await limit(pool, { concurrency: 1 })
  await queueUp(pool, boss, {}, 2)
  const [me, other] = [worker(pool, boss), worker(pool, boss)]
  await release(pool, boss)
  const { claims } = await me.claim()
  await loseWorker(boss, claims)

  expect(await release(pool, boss, true)).toBe(0)
  const again = await other.claim()
  expect(again.claims).toMatchObject([{ executionId: claims[0]?.executionId, attempt: 2 }])
  expect(await slots(pool)).toHaveLength(1)
})

test('a slot that has lapsed is another’s, and who had it begins no attempt with it', async ({ pool, boss }) => {
  await limit(pool, { concurrency: 1 })
  await queueUp(pool, boss, {}, 1)
  await release(pool, boss)
  await pool.query(`update flow_slots set until = now() - interval '1 second'`)

  expect(await worker(pool, boss).claim()).toMatchObject({ claims: [], parked: 1 })
  expect(await slots(pool)).toEqual([])
})

test('the slot of an execution that awaits its acknowledgement lasts; that of one that was cancelled does not', async ({
  db,
  pool,
  boss,
}) => {
  await limit(pool, { concurrency: 5 })
  const awaited = execution({ state: 'running', attempt: 1, reason: 'awaiting_ack', ackDeadlineAt: ahead(900) })
  const ended = execution({ state: 'cancelled' })
  await db.insert(executions).values([awaited, ended])
  const slot = { kind: 'destination', flow: destination, until: ahead(5) } as const
  await db.insert(flowSlots).values([
    { ...slot, executionId: awaited.id },
    { ...slot, executionId: ended.id },
  ])

  await release(pool, boss, true)

  const left = await slots(pool)
  expect(left).toMatchObject([{ executionId: awaited.id }])
  expect(left[0]?.until.getTime()).toBeGreaterThan(ahead(900).getTime())
})

test('who awaits an acknowledgement keeps the slot when the attempt is settled', async ({ db, pool, boss }) => {
  await limit(pool, { concurrency: 1 })
  await queueUp(pool, boss)
  await release(pool, boss)
  const [row] = await db.update(executions).set({ state: 'running', attempt: 1 }).returning()
  await transaction(pool, (client) => giveBackSlots(client, row ? [row] : []))
  expect(await slots(pool)).toHaveLength(1)
})

test('an execution of two limited flows begins only with the slots of both', async ({ db, pool, boss }) => {
  await limit(pool, { concurrency: 1 })
  await limit(pool, { concurrency: 3 }, { kind: 'key', flow: 'tenant' })
  const parked = { state: 'parked', reason: 'key_limited', flowKey: 'tenant', nextAttemptAt: ahead(900) } as const
  await db.insert(executions).values([1, 2, 3, 4].map(() => execution({ ...parked })))
  await db.insert(executions).values(execution({ ...parked, destination: 'http://free.test' }))

  expect(await release(pool, boss)).toBe(2)

  const granted = (await slots(pool)).map((it) => it.flow).sort()
  expect(granted).toEqual([destination, 'tenant', 'tenant'])
  expect(await release(pool, boss)).toBe(0)
})

test('what was granted and has not begun when its flow is paused is parked again', async ({ pool, boss }) => {
  await limit(pool, { concurrency: 1 })
  await queueUp(pool, boss)
  expect(await release(pool, boss)).toBe(1)
  await limit(pool, { paused: true })

  expect(await worker(pool, boss).claim()).toMatchObject({ claims: [], parked: 1 })
  expect(await slots(pool)).toEqual([])
})

test('an execution whose job was edited goes by the limits of its new destination', async ({ db, pool, boss }) => {
  const { id } = await queueUp(pool, boss)
  const there = 'http://there.test'
  await limit(pool, { concurrency: 1 }, { flow: there })
  await db
    .update(jobs)
    .set({ destination: there, callbackUrl: `${there}/` })
    .where(eq(jobs.id, id))

  expect(await worker(pool, boss).claim()).toMatchObject({ claims: [], parked: 1 })
  expect(await release(pool, boss)).toBe(1)
  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ callbackUrl: `${there}/` }])
  expect(await slots(pool)).toMatchObject([{ flow: there }])
})

test('four keepers at once grant no more than one would', async ({ pool, boss }) => {
  await limit(pool, { concurrency: 3 })
  await queueUp(pool, boss, {}, 20)

  await Promise.all([1, 2, 3, 4].map(() => release(pool, boss)))
  await Promise.all([1, 2, 3, 4].map(() => release(pool, boss)))

  expect(await slots(pool)).toHaveLength(3)
  expect(await queueItems(pool)).toHaveLength(3)
})

test('nothing is granted while a limit is being changed, and nothing once it is paused', async ({ pool, boss }) => {
  await limit(pool, { concurrency: 3 })
  await queueUp(pool, boss, {}, 5)
  await transaction(pool, async (client) => {
    await lockFlows(client)
    expect(await releaseLimited(pool, boss, { turns: createTurns(), sweep: false })).toMatchObject({
      released: 0,
      nextInMs: 20,
    })
  })
  await limit(pool, { paused: true })
  expect(await release(pool, boss)).toBe(0)
  await limit(pool, { paused: false })
  expect(await release(pool, boss)).toBe(3)
})

test('a limit is changed after a release that is under way, not during it', async ({ pool, boss }) => {
  await limit(pool, { concurrency: 1 })
  const releasing = await begin(pool)
  await lockFlows(releasing)
  const changing = limitFlow(pool, 'destination', destination, { rate: null, concurrency: null, paused: true })
  await untilBlocked(pool, 1)
  await releasing.query('commit')
  expect(await changing).toMatchObject({ paused: true })
  await queueUp(pool, boss)
  expect(await release(pool, boss)).toBe(0)
})

test('a rate says when the next may begin, by the database’s clock', async ({ pool, boss }) => {
  await limit(pool, { rateCount: 1, ratePerSeconds: 60 })
  await queueUp(pool, boss, {}, 5)

  const first = await releaseLimited(pool, boss, { turns: createTurns(), sweep: false })
  expect(first.released).toBe(1)
  expect(first.nextInMs).toBeGreaterThan(59_000)
  expect(await release(pool, boss)).toBe(0)
  await pool.query(`update flow_limits set next_at = now() - interval '1 hour'`)
  expect(await release(pool, boss)).toBe(1)
})

test('what a lifted limit held back goes a hundred at a time, and the limit is forgotten then', async ({
  pool,
  boss,
}) => {
  await limit(pool, { paused: true })
  await queueUp(pool, boss, {}, 130)
  expect(await queueItems(pool)).toEqual([])
  await limit(pool, { paused: false, updatedAt: ago(120) })

  const done = await releaseLimited(pool, boss, { turns: createTurns(), sweep: true })
  expect(done).toMatchObject({ released: 100, nextInMs: 50 })
  expect(await release(pool, boss, true)).toBe(30)
  expect(await createDb(pool).$count(flowLimits)).toBe(0)
  expect(await slots(pool)).toEqual([])
  expect((await worker(pool, boss).claim(undefined, 200)).claims).toHaveLength(130)
})
