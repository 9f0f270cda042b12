import { describe, expect } from 'vitest'
import { begin, loseWorker, queueItems, test } from '../test/queue.ts'
import type { Pool } from './client.ts'
import {
  type Boss,
  CRASH_BUDGET,
  DELIVERY_QUEUE,
  endItems,
  enqueue,
  fetchItems,
  HEARTBEAT_SECONDS,
  HOUSEKEEPING_QUEUE,
  type Item,
  installQueue,
  newItemId,
  renewItems,
  startQueue,
  touchItems,
} from './queue.ts'
import { transaction } from './transaction.ts'

const item = () => ({ id: newItemId(), data: { e: newItemId(), s: 1 } })
const add = (pool: Pool, boss: Boss, items = [item()]) => transaction(pool, (client) => enqueue(boss, client, items))
const fetch = (pool: Pool, boss: Boss, limit = 10) => transaction(pool, (client) => fetchItems(boss, client, limit))
const end = (pool: Pool, boss: Boss, items: Awaited<ReturnType<typeof fetch>>) =>
  transaction(pool, (client) => endItems(boss, client, items))

test('items come out as they went in, oldest first, each once', async ({ pool, boss }) => {
  const items = [item(), item(), item()]
  for (const it of items) await add(pool, boss, [it])

  const fetched = [...(await fetch(pool, boss, 2)), ...(await fetch(pool, boss, 2))]

  expect(fetched.map(({ id, data, retryCount }) => ({ id, data, retryCount }))).toEqual(
    items.map((it) => ({ ...it, retryCount: 0 })),
  )
  expect(await fetch(pool, boss)).toEqual([])
})

test('adding, fetching and ending happen in the transaction of the caller, or not at all', async ({ pool, boss }) => {
  const client = await begin(pool)
  await enqueue(boss, client, [item()])
  await client.query('rollback')
  expect(await queueItems(pool)).toEqual([])

  await add(pool, boss)
  await client.query('begin')
  expect(await fetchItems(boss, client, 10)).toHaveLength(1)
  await client.query('rollback')
  expect(await queueItems(pool)).toMatchObject([{ state: 'created' }])

  const items = await fetch(pool, boss)
  await client.query('begin')
  await endItems(boss, client, items)
  await client.query('rollback')
  expect(await queueItems(pool)).toMatchObject([{ state: 'active' }])
})

test('an item that another worker is about to take is passed over, not waited for', async ({ pool, boss }) => {
  await add(pool, boss, [item(), item()])
  const other = await begin(pool)
  const [theirs] = await fetchItems(boss, other, 1)

  const ours = await fetch(pool, boss)

  expect(ours).toHaveLength(1)
  expect(ours[0]?.id).not.toBe(theirs?.id)
})

test('an item that the queue did not take is an error, so that none is dropped without a word', async ({
  pool,
  boss,
}) => {
  const [known, another] = [item(), item()]
  await add(pool, boss, [known])

  await expect(add(pool, boss, [known, another])).rejects.toThrow('pg-boss took 1 of 2 items')
  expect(await queueItems(pool)).toHaveLength(1)
})

test('an ended item is gone from the table: the ledger has its history', async ({ pool, boss }) => {
  await add(pool, boss)
  const items = await fetch(pool, boss)

  expect(await end(pool, boss, items)).toEqual(new Set(items.map((it) => it.id)))
  expect(await queueItems(pool)).toEqual([])
  expect(await end(pool, boss, items)).toEqual(new Set())
})

describe('a worker that has lost its claim', () => {
  test('can neither renew it nor end the item, before and after another has taken it', async ({ pool, boss }) => {
    await add(pool, boss)
    const mine = await fetch(pool, boss)
    expect(await touchItems(boss, mine)).toEqual(new Set(mine.map((it) => it.id)))
    await loseWorker(
      boss,
      mine.map((it) => ({ item: it })),
    )

    expect(await touchItems(boss, mine)).toEqual(new Set())
    expect(await end(pool, boss, mine)).toEqual(new Set())

    const theirs = await fetch(pool, boss)
    expect(theirs).toMatchObject([{ id: mine[0]?.id, retryCount: 1 }])
    expect(await touchItems(boss, mine)).toEqual(new Set())
    expect(await end(pool, boss, mine)).toEqual(new Set())
    expect(await queueItems(pool)).toMatchObject([{ state: 'active' }])
  })

  test('has not lost the others that it touches with it', async ({ pool, boss }) => {
    await add(pool, boss, [item(), item()])
    const mine = await fetch(pool, boss)
    await loseWorker(
      boss,
      mine.slice(0, 1).map((it) => ({ item: it })),
    )

    expect(await touchItems(boss, mine)).toEqual(new Set([mine[1]?.id]))
  })
})

describe('supervision', () => {
  const age = (pool: Pool, seconds: number) =>
    pool.query('update pgboss.job set heartbeat_on = now() - make_interval(secs => $1)', [seconds])

  async function onlyTheTouchedStays(pool: Pool, boss: Boss, silent?: Item, touched?: Item) {
    await age(pool, HEARTBEAT_SECONDS + 1)
    await touchItems(boss, touched ? [touched] : [])

    const states = async () => {
      await boss.supervise()
      return Object.fromEntries((await queueItems(pool)).map((it) => [it.id, it.state]))
    }
    await expect
      .poll(states, { timeout: 10_000 })
      .toEqual({ [silent?.id as string]: 'retry', [touched?.id as string]: 'active' })
  }

  test('returns an item whose worker has gone silent, and leaves one that is still touched', async ({ pool, boss }) => {
    await add(pool, boss, [item(), item()])
    const [silent, touched] = await fetch(pool, boss)
    await onlyTheTouchedStays(pool, boss, silent, touched)
  })

  test('however long ago an item was claimed, it is its worker’s as long as it is touched', async ({ pool, boss }) => {
    await add(pool, boss, [item(), item()])
    const [silent, touched] = await fetch(pool, boss)
    await pool.query(`update pgboss.job set started_on = now() - interval '20 hours'`)
    await onlyTheTouchedStays(pool, boss, silent, touched)
  })

  test('a queue that is there already has the options of this version after a migration', async ({
    databaseUrl,
    pool,
  }) => {
    const options = async () =>
      (await pool.query('select expire_seconds as n from pgboss.queue where name = $1', [DELIVERY_QUEUE])).rows[0]?.n
    const before = await options()
    await pool.query('update pgboss.queue set expire_seconds = 1200 where name = $1', [DELIVERY_QUEUE])
    await installQueue(databaseUrl)
    expect([before, await options()]).toEqual([86_400, 86_400])
  })

  test('an item is given to so many workers in turn, and then to none', async ({ pool, boss }) => {
    await add(pool, boss)
    let claims = 0
    for (;;) {
      const items = await fetch(pool, boss)
      if (items.length === 0) break
      claims += 1
      await loseWorker(
        boss,
        items.map((it) => ({ item: it })),
      )
    }

    expect(claims).toBe(CRASH_BUDGET + 1)
    expect(await queueItems(pool)).toMatchObject([{ state: 'failed' }])
  })
})

test('the queues are there from the start, and nothing that waits is forgotten within a year', async ({
  pool,
  boss,
}) => {
  const queues = await boss.getQueues()

  expect(queues.map((it) => it.name)).toEqual(expect.arrayContaining([DELIVERY_QUEUE, HOUSEKEEPING_QUEUE]))
  expect(queues.find((it) => it.name === DELIVERY_QUEUE)).toMatchObject({
    ...{ policy: 'standard', retryLimit: CRASH_BUDGET, heartbeatSeconds: HEARTBEAT_SECONDS },
  })
  await add(pool, boss)
  const { rows } = await pool.query(`select keep_until > now() + interval '364 days' as kept from pgboss.job`)
  expect(rows).toEqual([{ kept: true }])
})

test('two processes may use the queue at once', async ({ pool, boss }) => {
  const other = await startQueue(pool)
  await add(pool, boss, [item(), item()])

  const fetched = await Promise.all([fetch(pool, boss, 1), fetch(pool, other, 1)])

  expect(new Set(fetched.flat().map((it) => it.id)).size).toBe(2)
  await other.stop({ graceful: false })
})

test('renewing passes over an item that is being settled, and tells lost ones from it', async ({ pool, boss }) => {
  await add(pool, boss, [item(), item(), item()])
  const [settling, held, gone] = await fetch(pool, boss)
  if (!settling || !held || !gone) throw new Error('three items were added')
  await end(pool, boss, [gone])
  const settle = await begin(pool)
  await settle.query('select from pgboss.job where id = $1 for update', [settling.id])

  const renewed = await renewItems(boss, pool, [settling, held, gone])

  expect(renewed).toEqual({ held: new Set([held.id]), lost: new Set([gone.id]) })
})
