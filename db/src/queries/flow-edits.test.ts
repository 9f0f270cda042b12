import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { outcomeOf, queueItems, queueUp, rejected, soleExecution, test, worker } from '../../test/queue.ts'
import type { Db, Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { executions, flowLimits, type JobRow, jobs } from '../schema/index.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { editJob, type JobEdit } from './edit-job.ts'
import { FAR } from './ledger-rows.ts'
import { reconcile } from './reconcile.ts'
import { settle } from './settle.ts'

const [here, there] = ['http://here.test', 'http://there.test']
const paused = { paused: true, createdAt: ago(0), updatedAt: ago(0) }
const any = () => true
const edit = (pool: Pool, id: string, fields: JobEdit) =>
  editJob(pool, id, { matches: any, graceSeconds: 900 }, () => fields)

async function park(db: Db, fields: Partial<typeof executions.$inferInsert>): Promise<JobRow> {
  const { flowKey = null, destination = here } = fields
  const [row] = await db
    .insert(jobs)
    .values(job({ destination, flowKey, nextRunAt: ahead(900) }))
    .returning()
  if (!row) throw new Error('the job was not inserted')
  const parked = { state: 'parked', nextAttemptAt: FAR, destination } as const
  await db.insert(executions).values(execution({ jobId: row.id, ...parked, ...fields }))
  return row
}

test.for([
  ['whose job leaves its destination', 'destination_limited', { destination: there }],
  ['whose job leaves its flow key', 'key_limited', { flowKey: null }],
  ['whose job goes to another flow key', 'key_limited', { flowKey: 'free' }],
] as const)('a parked execution %s is sent', async ([, reason, change], { db, pool, boss }) => {
  await db.insert(flowLimits).values([
    { kind: 'destination', flow: here, ...paused, paused: reason === 'destination_limited' },
    { kind: 'key', flow: 'tenant', ...paused },
  ])
  const { id } = await park(db, reason === 'key_limited' ? { reason, flowKey: 'tenant' } : { reason })

  await edit(pool, id, change)

  expect(await soleExecution(pool)).toMatchObject({ state: 'waiting', reason: null, ...change })
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ limited: 0 })
  expect(await queueItems(pool)).toHaveLength(1)
})

test('one whose job goes to another limited destination is parked for that', async ({ db, pool, boss }) => {
  await db.insert(flowLimits).values([here, there].map((flow) => ({ kind: 'destination' as const, flow, ...paused })))
  const { id } = await park(db, { reason: 'destination_limited' })
  await edit(pool, id, { destination: there })
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ ids: [], limited: 1 })
  expect(await soleExecution(pool)).toMatchObject({ reason: 'destination_limited', destination: there })
})

test('an edit that stays within the flow leaves what is parked, and what waits for others, as it is', async ({
  db,
  pool,
}) => {
  const { id } = await park(db, { reason: 'destination_limited' })
  const behind = { state: 'waiting', behind: true, reason: 'overlap_queued', nextAttemptAt: FAR, attempt: 0 } as const
  await db.insert(executions).values(execution({ jobId: id, destination: here, ...behind, scheduledFor: ago(9) }))

  await edit(pool, id, { name: 'n' })
  const parked = () => db.select().from(executions).where(eq(executions.state, 'parked'))
  expect(await parked()).toMatchObject([{ reason: 'destination_limited', nextAttemptAt: FAR }])

  await edit(pool, id, { destination: there })
  const waiting = await db.select().from(executions).where(eq(executions.behind, true))
  expect(waiting).toMatchObject([{ ...behind, destination: there }])
})

/** An attempt that is in flight while `change` happens, and that fails after. */
async function failAfter(pool: Pool, boss: Boss, change: (id: string) => Promise<unknown>) {
  const { id } = await queueUp(pool, boss, { destination: here, callbackUrl: `${here}/` })
  const me = worker(pool, boss)
  const { claims } = await me.claim()
  await change(id)
  const waiting = { ...rejected, state: 'waiting', reason: null, nextAttemptAt: ago(0) } as const
  const outcomes = claims.map((it) => outcomeOf(it, waiting))
  await settle(pool, boss, me.workerId, outcomes)
}

test('a retry of an attempt that was in flight while its job was edited goes by where the job is now', async ({
  db,
  pool,
  boss,
}) => {
  await failAfter(pool, boss, async (id) => {
    await db.insert(flowLimits).values({ kind: 'destination', flow: here, ...paused })
    await edit(pool, id, { destination: there, callbackUrl: `${there}/` })
  })
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ limited: 0 })
  expect(await soleExecution(pool)).toMatchObject({ state: 'queued', destination: there })
  expect((await worker(pool, boss).claim()).claims).toMatchObject([{ destination: there, attempt: 2 }])
})

test('and waits for the limit of the key that the job was given', async ({ db, pool, boss }) => {
  await db.insert(flowLimits).values({ kind: 'key', flow: 'tenant', ...paused })
  await failAfter(pool, boss, (id) => edit(pool, id, { flowKey: 'tenant' }))
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ ids: [], limited: 1 })
  expect(await soleExecution(pool)).toMatchObject({ state: 'parked', reason: 'key_limited', flowKey: 'tenant' })
})

test('a retry of a job that was deleted meanwhile is cancelled, whatever limits its destination', async ({
  db,
  pool,
  boss,
}) => {
  await failAfter(pool, boss, async (id) => {
    await db.insert(flowLimits).values({ kind: 'destination', flow: here, ...paused })
    await deleteJob(pool, id, any)
  })
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toEqual({ ids: [], skipped: 0, limited: 0 })
  expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason: 'deleted', nextAttemptAt: null })
  expect(await queueItems(pool)).toEqual([])
})

test('what is parked for a flow without a limit is found by the reconciler, and nothing else is', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(flowLimits).values([
    { kind: 'destination', flow: here, ...paused, paused: false },
    { kind: 'key', flow: 'tenant', ...paused },
  ])
  await park(db, { reason: 'destination_limited' })
  await park(db, { reason: 'key_limited', flowKey: 'tenant', destination: there })
  await park(db, { reason: 'circuit_open', destination: there })
  expect(await reconcile(pool, boss)).toMatchObject({ requeued: 0 })

  await park(db, { reason: 'destination_limited', destination: there })
  await park(db, { reason: 'key_limited', flowKey: 'gone' })
  await park(db, { reason: 'key_limited' })
  expect(await reconcile(pool, boss)).toMatchObject({ requeued: 3 })
  expect(await dispatchHeld(pool, boss, { limit: 10 })).toMatchObject({ limited: 0 })
  expect(await queueItems(pool)).toHaveLength(3)
})
