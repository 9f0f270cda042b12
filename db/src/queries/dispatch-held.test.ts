import { eq, ne } from 'drizzle-orm'
import { expect, onTestFinished } from 'vitest'
import { ago, ahead, execution } from '../../test/factories.ts'
import { begin, queueItems, queueUp, soleExecution, test, worker } from '../../test/queue.ts'
import { executions } from '../schema/index.ts'
import { dispatchHeld } from './dispatch-held.ts'

const busy = { state: 'parked', reason: 'destination_busy' } as const
const open = { state: 'parked', reason: 'circuit_open' } as const

test('waiting executions whose time has come are queued again, each with a new item, and parked ones are not', async ({
  db,
  pool,
  boss,
}) => {
  const held = [
    execution({ state: 'waiting', reason: 'rejected', attempt: 2 }),
    execution({ state: 'waiting' }),
    execution({ state: 'waiting', attempt: 0 }),
  ]
  await db.insert(executions).values([...held, execution({ ...open }), execution({ ...busy })])

  expect((await dispatchHeld(pool, boss, { limit: 10 })).ids).toHaveLength(3)

  const rows = await db.select().from(executions).where(ne(executions.state, 'parked'))
  for (const row of rows) expect(row).toMatchObject({ state: 'queued', reason: null, nextAttemptAt: null })
  expect(rows.map((row) => row.attempt).sort()).toEqual([0, 1, 2])
  const items = await queueItems(pool)
  expect(items.map((it) => [it.execution, it.id]).sort()).toEqual(rows.map((row) => [row.id, row.itemId]).sort())
})

test('an execution whose time has not come stays where it is', async ({ db, pool, boss }) => {
  await db
    .insert(executions)
    .values([execution({ state: 'waiting', nextAttemptAt: ahead(30) }), execution({ state: 'failed' })])

  expect((await dispatchHeld(pool, boss, { limit: 10 })).ids).toHaveLength(0)
  expect(await queueItems(pool)).toEqual([])
})

test('those that have waited longest come first, and no more than the limit', async ({ db, pool, boss }) => {
  const [late, first, second] = [3, 9, 6].map((s) => execution({ state: 'waiting', nextAttemptAt: ago(s) }))
  await db.insert(executions).values([late, first, second].map((it) => it as NonNullable<typeof it>))

  expect((await dispatchHeld(pool, boss, { limit: 2 })).ids).toHaveLength(2)

  const left = await db.select({ id: executions.id }).from(executions).where(eq(executions.state, 'waiting'))
  expect(left).toEqual([{ id: late?.id }])
})

test('of one destination those that were parked for one reason are queued, due or not, and nothing else', async ({
  db,
  pool,
  boss,
}) => {
  const destination = 'http://calm.test'
  const wanted = [execution({ ...busy, destination, nextAttemptAt: ahead(60) }), execution({ ...busy, destination })]
  const others = [
    execution({ ...open, destination }),
    execution({ ...busy, destination: 'http://other.test' }),
    execution({ state: 'waiting', reason: 'rejected', destination }),
  ]
  await db.insert(executions).values([...wanted, ...others])

  const parked = { destination, reason: 'destination_busy', order: 'oldest' } as const
  expect((await dispatchHeld(pool, boss, { limit: 10, parked })).ids).toHaveLength(2)

  const items = await queueItems(pool)
  expect(items.map((it) => it.execution).sort()).toEqual(wanted.map((it) => it.id).sort())
  expect((await dispatchHeld(pool, boss, { limit: 10, parked })).ids).toHaveLength(0)
})

test('an execution that another dispatcher holds is passed over, not waited for', async ({ db, pool, boss }) => {
  const [taken, free] = [execution({ state: 'waiting' }), execution({ state: 'waiting' })]
  await db.insert(executions).values([taken, free])
  const other = await begin(pool)
  await other.query('select from executions where id = $1 for update', [taken.id])

  expect((await dispatchHeld(pool, boss, { limit: 10 })).ids).toHaveLength(1)
  expect((await queueItems(pool)).map((it) => it.execution)).toEqual([free.id])
})

test('when four dispatchers race, each execution gets one item, and each item sends one attempt', async ({
  db,
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 40)
  const parked = { destination: '', reason: 'circuit_open' as const, order: 'oldest' as const }
  await worker(pool, boss).claim(({ destination }) => {
    parked.destination = destination
    return { reason: 'circuit_open', at: ago(1) }
  }, 40)

  const released = await Promise.all([1, 2, 3, 4].map(() => dispatchHeld(pool, boss, { limit: 25, parked })))

  expect(released.flatMap((it) => it.ids)).toHaveLength(40)
  const rows = await db.select({ itemId: executions.itemId }).from(executions)
  expect((await queueItems(pool)).map((it) => it.id).sort()).toEqual(rows.map((row) => row.itemId).sort())
  expect((await worker(pool, boss).claim(undefined, 100)).claims).toHaveLength(40)
})

test('when the end of the transaction fails, the executions stay held, and no item stays', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(executions).values(execution({ state: 'waiting' }))
  // Checked at the commit: after the items were put into the queue.
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
    create constraint trigger refuse after update on executions deferrable initially deferred
      for each row execute function refuse()`)
  onTestFinished(async () => void (await pool.query('drop function refuse cascade')))

  await expect(dispatchHeld(pool, boss, { limit: 10 })).rejects.toThrow('refused')

  expect(await soleExecution(pool)).toMatchObject({ state: 'waiting', itemId: null })
  expect(await queueItems(pool)).toEqual([])
})
