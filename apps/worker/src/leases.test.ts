import { createPool } from '@scheduler/db/client'
import { endItems, type Item, startQueue } from '@scheduler/db/queue'
import { begin, loseWorker, queueUp, test, worker } from '@scheduler/db/test/queue'
import { transaction } from '@scheduler/db/transaction'
import { describe, expect, onTestFinished } from 'vitest'
import { createOnceJobs, many, states } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { startParts } from '../test/parts.ts'
import { startProxy } from '../test/proxy.ts'
import { startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { startLeases } from './leases.ts'

const quick = { touchMs: 30, fenceMs: 400, lostMs: 800 }

type Boss = Parameters<typeof startLeases>[0]
type Pool = Parameters<typeof startLeases>[1]

/** Leases, and what became of each item that they hold. */
function leasing(boss: Boss, pool: Pool, items: Item[], times = quick) {
  const leases = startLeases(boss, pool, createLog().log, times)
  onTestFinished(() => leases.stop())
  const aborted: string[] = []
  for (const item of items) leases.hold(item, performance.now(), () => aborted.push(item.id))
  return { leases, aborted: () => [...new Set(aborted)] }
}

/** A boss that reaches the database by way of a proxy. */
async function distantBoss(databaseUrl: string) {
  const proxy = await startProxy(databaseUrl)
  const pool = createPool(proxy.url, { max: 2, connectMs: 300, queryMs: 300 })
  const boss = await startQueue(pool)
  onTestFinished(async () => {
    proxy.restore()
    await boss.stop({ graceful: false, close: false })
    await pool.end()
    await proxy.close()
  })
  return { proxy, boss, pool }
}

describe('while the database answers', () => {
  test('held items are renewed again and again, so that nobody else is given them', async ({ pool, boss }) => {
    await queueUp(pool, boss, {}, 2)
    const { claims } = await worker(pool, boss).claim()
    const { leases, aborted } = leasing(
      boss,
      pool,
      claims.map(({ item }) => item),
    )
    const beats = async () => {
      const { rows } = await pool.query<{ at: Date }>(
        `select min(heartbeat_on) as at from pgboss.job where name = 'deliver'`,
      )
      return Number(rows[0]?.at)
    }
    for (let n = 0; n < 3; n += 1) {
      const last = await beats()
      await until('a later heartbeat of both', async () => (await beats()) > last)
    }
    expect([leases.fenced, leases.held, aborted()]).toEqual([false, 2, []])
  })

  test('an attempt whose item was lost is broken off, and no other', async ({ pool, boss }) => {
    await queueUp(pool, boss, {}, 3)
    const { claims } = await worker(pool, boss).claim()
    const items = claims.map(({ item }) => item)
    const { aborted } = leasing(boss, pool, items, { ...quick, lostMs: 60_000 })
    await transaction(pool, (client) => endItems(boss, client, items.slice(1, 2)))
    expect(await until('one to be broken off', () => aborted().length > 0 && aborted())).toEqual([items[1]?.id])
  })

  test('an item that came back to the same worker is held by its new claim, also when the old one is let go late', async ({
    pool,
    boss,
  }) => {
    await queueUp(pool, boss)
    const it = worker(pool, boss)
    const first = (await it.claim()).claims[0]?.item as Item
    await loseWorker(boss, [{ item: first }])
    const second = (await it.claim()).claims[0]?.item as Item
    expect(second.id).toBe(first.id)
    const { leases } = leasing(boss, pool, [first, second])
    leases.drop(first)
    expect(leases.held).toBe(1)
    leases.drop(second)
    expect(leases.held).toBe(0)
  })

  test('an item that somebody has locked at that moment is renewed a little later, not when all are', async ({
    pool,
    boss,
  }) => {
    await queueUp(pool, boss, {}, 2)
    const { claims } = await worker(pool, boss).claim()
    const [free, locked] = claims.map(({ item }) => item) as [Item, Item]
    const other = await begin(pool)
    await other.query(`select from pgboss.job where name = 'deliver' and id = $1 for update`, [locked.id])
    const slow = { touchMs: 1_500, fenceMs: 60_000, lostMs: 60_000 }
    const { leases } = leasing(boss, pool, [free, locked], slow)
    const first = leases.renewedAt(free)
    await until('the free one to be renewed', () => leases.renewedAt(free) !== first)
    expect(leases.renewedAt(locked)).toBeLessThan(Number(leases.renewedAt(free)))
    await other.query('commit')
    await until('the other to be', () => Number(leases.renewedAt(locked)) > Number(leases.renewedAt(free)))
    expect(Number(leases.renewedAt(locked)) - Number(leases.renewedAt(free))).toBeLessThan(1_000)
  })

  test('a claim that is older than the fence by the time it would be sent is stale', ({ boss, pool }) => {
    const { leases } = leasing(boss, pool, [])
    const now = performance.now()
    expect([leases.isStale(now), leases.isStale(now - quick.fenceMs - 1)]).toEqual([false, true])
  })
})

describe.for(['cut', 'freeze'] as const)('when the database is gone (%s)', (how) => {
  test('nothing new starts once the fence is reached, and what is held is broken off before another may have it', async ({
    pool,
    boss,
    databaseUrl,
  }) => {
    await queueUp(pool, boss)
    const { claims } = await worker(pool, boss).claim()
    const distant = await distantBoss(databaseUrl)
    const { leases, aborted } = leasing(
      distant.boss,
      distant.pool,
      claims.map(({ item }) => item),
    )
    const item = claims[0]?.item as Item
    const first = leases.renewedAt(item)
    await until('a renewal', () => leases.renewedAt(item) !== first)
    distant.proxy[how]()
    await until('the fence', () => leases.fenced)
    const fencedMs = performance.now() - Number(leases.renewedAt(item))
    expect(aborted()).toEqual([])
    await until('the attempt to be broken off', () => aborted().length > 0)
    const brokenOffMs = performance.now() - Number(leases.renewedAt(item))
    expect(fencedMs).toBeGreaterThanOrEqual(quick.fenceMs)
    expect(brokenOffMs).toBeGreaterThanOrEqual(quick.lostMs)
    expect(brokenOffMs).toBeLessThan(quick.lostMs + 500)
  })

  test('the fence opens when it is back in time', async ({ pool, boss, databaseUrl }) => {
    await queueUp(pool, boss)
    const { claims } = await worker(pool, boss).claim()
    const distant = await distantBoss(databaseUrl)
    const { leases, aborted } = leasing(
      distant.boss,
      distant.pool,
      claims.map(({ item }) => item),
      { ...quick, lostMs: 60_000 },
    )
    distant.proxy[how]()
    await until('the fence', () => leases.fenced)
    distant.proxy.restore()
    await until('the fence to open', () => !leases.fenced)
    expect(aborted()).toEqual([])
  })
})

test('with its real times a worker that is cut off starts nothing after 8 s, and breaks off after 10 s', {
  timeout: 40_000,
}, async ({ pool, databaseUrl }) => {
  const receiver = await startReceiver(() => {})
  const proxy = await startProxy(databaseUrl)
  const parts = await startParts(proxy.url, { timeoutMs: 60_000 })
  onTestFinished(async () => {
    proxy.restore()
    await parts.close()
    await proxy.close()
    await receiver.close()
  })
  await createOnceJobs(pool, many(2, { url: `${receiver.origin}/hangs` }))
  await until('both requests', () => receiver.open === 2)
  proxy.freeze()
  const cutAt = performance.now()
  await until('the fence', () => parts.leases.fenced && parts.launcher.free === 0, 12_000)
  const fencedMs = performance.now() - cutAt
  await until('the requests to be broken off', () => receiver.open === 0, 12_000)
  const brokenOffMs = performance.now() - cutAt
  expect(fencedMs).toBeGreaterThan(3_900)
  expect(fencedMs).toBeLessThan(8_200)
  expect(brokenOffMs).toBeGreaterThan(fencedMs + 1_500)
  expect(brokenOffMs).toBeLessThan(10_700)
  expect(await states(pool)).toEqual({ running: 2 })
  receiver.answer = (_, response) => response.end()
  proxy.restore()
  await until('both to be delivered', async () => (await states(pool)).succeeded === 2, 15_000)
  expect(receiver.arrivals.map((it) => it.attempt)).toEqual([1, 1, 2, 2])
})
