import { expect } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { queueItems, test } from '../../test/queue.ts'
import type { Db, Pool } from '../client.ts'
import { destinations, executions, type FlowLimitRow, flowLimits, flowSlots, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'
import { createTurns } from './in-turn.ts'
import { releaseLimited } from './release-limited.ts'
import { releaseParked } from './release-parked.ts'

const HERE = 'http://down.test'
const parked = { destination: HERE, reason: 'circuit_open', limit: 10, ramp: { perSecond: 1_000 } } as const

async function setUp(db: Db, limit: Partial<FlowLimitRow>, circuit: { retryAt: Date } | 'closed'): Promise<void> {
  const at = { createdAt: ago(0), updatedAt: ago(0) }
  await db.insert(flowLimits).values({ kind: 'destination', flow: HERE, ...at, ...limit })
  if (circuit === 'closed') return
  await db
    .insert(destinations)
    .values({ destination: HERE, state: 'open', openedAt: ago(60), failures: 5, updatedAt: ago(1), ...circuit })
}

async function park(db: Db, reason: 'circuit_open' | 'destination_limited', count: number): Promise<void> {
  const row = job({ destination: HERE })
  await db.insert(jobs).values(row)
  const one = (i: number) =>
    execution({ jobId: row.id, state: 'parked', reason, destination: HERE, scheduledFor: ago(10 + i) })
  await db.insert(executions).values(Array.from({ length: count }, (_, i) => one(i)))
}

const reasons = async (pool: Pool) =>
  (await pool.query('select reason::text from executions order by 1')).rows.map((row) => row.reason)

test('while the circuit of a limited destination is open, no more go into the queue than a probe needs', async ({
  db,
  pool,
  boss,
}) => {
  await setUp(db, { concurrency: 10 }, { retryAt: ahead(60) })
  await park(db, 'destination_limited', 5)
  const release = async () => (await releaseLimited(pool, boss, { turns: createTurns(), sweep: false })).released

  expect(await release()).toBe(1)
  await park(db, 'circuit_open', 1)
  expect(await release()).toBe(0)
  await db.update(destinations).set({ state: 'closed', openedAt: null })
  expect(await release()).toBe(4)
})

test('a probe has the slots it needs, whatever waits before it', async ({ db, pool, boss }) => {
  await setUp(db, { concurrency: 1 }, { retryAt: ago(1) })
  await park(db, 'destination_limited', 2)
  await park(db, 'circuit_open', 2)

  expect(await releaseParked(pool, boss, parked)).toMatchObject({ count: 1 })
  expect(await db.$count(flowSlots)).toBe(1)
  expect(await reasons(pool)).toEqual(
    ['circuit_open', 'destination_limited', 'destination_limited', 'circuit_probe'].sort(),
  )
})

test.for([
  ['paused', { paused: true }, 5_000],
  ['of which all places are taken', { concurrency: 1 }, 1_000],
  ['of whose rate nothing is left', { rateCount: 1, ratePerSeconds: 60, nextAt: ahead(50) }, 1_000],
] as const)(
  'a destination %s is not probed, and its circuit stays as it is',
  async ([, limit, waitMs], { db, pool, boss }) => {
    await setUp(db, limit, { retryAt: ago(1) })
    await park(db, 'circuit_open', 2)
    await db
      .insert(flowSlots)
      .values({ executionId: job().id ?? '', kind: 'destination', flow: HERE, until: ahead(60) })

    expect(await releaseParked(pool, boss, parked)).toMatchObject({ count: 0, more: true, waitMs })
    expect(await reasons(pool)).toEqual(['circuit_open', 'circuit_open'])
    expect(await queueItems(pool)).toEqual([])
    expect(await db.select().from(destinations)).toMatchObject([{ state: 'open', probeId: null }])
  },
)

test('what was parked for the circuit of a limited destination goes to the list of its limit', async ({
  db,
  pool,
  boss,
}) => {
  await setUp(db, { concurrency: 1 }, 'closed')
  await park(db, 'circuit_open', 3)

  expect(await releaseParked(pool, boss, parked)).toMatchObject({ count: 0, more: false })
  expect(await reasons(pool)).toEqual(Array(3).fill('destination_limited'))
  expect(await queueItems(pool)).toEqual([])
})

test('what is drained into the list of a limit goes on the ramp, however much the limit would let begin', async ({
  db,
  pool,
  boss,
}) => {
  await setUp(db, { rateCount: 1_000, ratePerSeconds: 1 }, { retryAt: ago(1) })
  await db.update(destinations).set({ state: 'closed', openedAt: null, drainingSince: ago(1) })
  await park(db, 'circuit_open', 100)
  const drain = { ...parked, limit: 100, ramp: { perSecond: 20 } }
  for (let n = 0; n < 8; n += 1) await releaseParked(pool, boss, drain)
  // One at once and 23 in the first second; a test that runs slowly may see some more of the second one.
  const moved = (await reasons(pool)).filter((it) => it === 'destination_limited').length
  expect(moved).toBeGreaterThanOrEqual(24)
  expect(moved).toBeLessThan(100)
  expect(await db.select().from(destinations)).toMatchObject([{ drained: moved }])
  await db.update(destinations).set({ drainingSince: ago(10) })
  await releaseParked(pool, boss, drain)
  expect(await db.select().from(destinations)).toMatchObject([{ drained: 100, drainingSince: null }])
})

test('occurrences behind an open circuit collapse where the destination has a limit, too', async ({
  db,
  pool,
  boss,
}) => {
  await setUp(db, { rateCount: 100, ratePerSeconds: 1 }, { retryAt: ahead(60) })
  const [row] = await db
    .insert(jobs)
    .values(job({ destination: HERE, policies: { overlap: 'allow' } }))
    .returning()
  const overflow = () => ({ reason: 'circuit_open', at: ahead(60) }) as const
  for (const due of [3, 2, 1].map(ago)) {
    const clock = { nextRunAt: due, nextScheduledFor: due, cursorAt: new Date(due.getTime() - 1) }
    await db.update(jobs).set({ ...clock, schedule: repeating({ hours: 1 }, due) })
    await dispatchDue(pool, boss, { limit: 10, graceSeconds: 900, most: () => 0, overflow })
  }
  const rows = await db.select().from(executions).orderBy(executions.scheduledFor)
  expect(rows.map((it) => [it.jobId, it.reason])).toEqual(
    ['coalesced', 'coalesced', 'circuit_open'].map((reason) => [row?.id, reason]),
  )
})

test('an execution whose flow key is paused is no probe, and another is tried next', async ({ db, pool, boss }) => {
  await setUp(db, { concurrency: 5 }, { retryAt: ago(1) })
  await db.insert(flowLimits).values({ kind: 'key', flow: 'k', paused: true, createdAt: ago(0), updatedAt: ago(0) })
  const turns = createTurns()
  for (const flowKey of ['k', null]) {
    const row = job({ destination: HERE, flowKey })
    await db.insert(jobs).values(row)
    const open = { state: 'parked', reason: 'circuit_open', destination: HERE, flowKey } as const
    await db.insert(executions).values(execution({ jobId: row.id, ...open }))
  }

  expect(await releaseParked(pool, boss, { ...parked, turns })).toMatchObject({ count: 0, more: true, waitMs: 1_000 })
  expect(await queueItems(pool)).toEqual([])
  expect(await releaseParked(pool, boss, { ...parked, turns })).toMatchObject({ count: 1 })
})
