import { expect } from 'vitest'
import { ago, ahead } from '../../test/factories.ts'
import { loseWorker, queueItems, queueUp, soleExecution, test, worker } from '../../test/queue.ts'
import { attempts } from '../schema/index.ts'
import { beginHeld, putBack } from './claim.ts'
import { deleteJob } from './delete-job.ts'

const any = () => true
const hold = () => 'hold' as const

test('holding an item leaves its execution queued: no attempt, no claim, and nobody else gets it', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)

  const { held, claims } = await worker(pool, boss).claim(hold)

  expect(claims).toEqual([])
  expect(held).toMatchObject([{ destination: 'http://receiver.test' }])
  expect(await soleExecution(pool)).toMatchObject({ state: 'queued', attempt: 0, claimedBy: null })
  expect(await worker(pool, boss).claim()).toMatchObject({ fetched: 0 })
})

test('a held item begins its attempt when its turn comes', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(hold)

  expect(await beginHeld(me.parts, held)).toMatchObject([{ attempt: 1, item: held[0]?.item }])
  expect(await soleExecution(pool)).toMatchObject({ state: 'running', attempt: 1, claimedBy: me.workerId })
  expect(await queueItems(pool)).toMatchObject([{ state: 'active' }])
})

test('a held item whose execution was cancelled meanwhile is not sent, and ended', async ({ pool, boss }) => {
  const { id } = await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(hold)
  await deleteJob(pool, id, any)

  expect(await beginHeld(me.parts, held)).toEqual([])
  expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason: 'deleted', attempt: 0 })
  expect(await queueItems(pool)).toEqual([])
})

test('a worker that stood still does not begin what another has taken over', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const slow = worker(pool, boss)
  const { held } = await slow.claim(hold)
  await loseWorker(boss, held)
  const other = worker(pool, boss)
  expect((await other.claim()).claims).toMatchObject([{ attempt: 1 }])

  expect(await beginHeld(slow.parts, held)).toEqual([])
  expect(await soleExecution(pool)).toMatchObject({ state: 'running', attempt: 1, claimedBy: other.workerId })
  expect(await queueItems(pool)).toMatchObject([{ state: 'active' }])
})

test('a worker that stood still does not put back what another has taken over', async ({ db, pool, boss }) => {
  await queueUp(pool, boss)
  const slow = worker(pool, boss)
  const { held } = await slow.claim(hold)
  await loseWorker(boss, held)
  const other = worker(pool, boss)
  await other.claim()

  await putBack(slow.parts, held)

  expect(await soleExecution(pool)).toMatchObject({ state: 'running', attempt: 1, claimedBy: other.workerId })
  expect(await db.select().from(attempts)).toEqual([])
  expect(await queueItems(pool)).toMatchObject([{ state: 'active' }])
})

test('held items are put back for anyone to take at once, without an attempt', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(hold)

  await putBack(me.parts, held)

  const row = await soleExecution(pool)
  expect(row).toMatchObject({ state: 'parked', reason: 'destination_busy', attempt: 0 })
  expect(row.nextAttemptAt?.getTime()).toBeLessThanOrEqual(Date.now())
  expect(await queueItems(pool)).toEqual([])
})

test('held items are put back until a circuit reopens, when that is why', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(hold)
  const at = ahead(30)

  await putBack(me.parts, held, { reason: 'circuit_open', at })

  expect(await soleExecution(pool)).toMatchObject({ state: 'parked', reason: 'circuit_open', nextAttemptAt: at })
  expect(await queueItems(pool)).toEqual([])
})

test('what is put back stays cancelled when it was cancelled while it was held', async ({ pool, boss }) => {
  const { id } = await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(hold)
  await deleteJob(pool, id, any)

  await putBack(me.parts, held, { reason: 'circuit_open', at: ago(0) })

  expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', nextAttemptAt: null })
  expect(await queueItems(pool)).toEqual([])
})

test('held items whose destination’s circuit another worker has opened meanwhile are parked, without an attempt', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { held } = await me.claim(() => 'hold')
  await pool.query(
    `insert into destinations (destination, state, opened_at, retry_at, updated_at)
     select destination, 'open', now(), '2031-01-01T00:00:00Z', now() from executions`,
  )

  expect(await beginHeld(me.parts, held)).toEqual([])

  const at = new Date('2031-01-01T00:00:00Z')
  expect(await soleExecution(pool)).toMatchObject({
    state: 'parked',
    reason: 'circuit_open',
    attempt: 0,
    nextAttemptAt: at,
  })
  expect(await queueItems(pool)).toEqual([])
})
