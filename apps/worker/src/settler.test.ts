import { createPool, type Pool } from '@scheduler/db/client'
import type { Settlement } from '@scheduler/db/queries/settle'
import { startQueue } from '@scheduler/db/queue'
import { outcomeOf, queueItems, queueUp, rejected, test, worker } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { attempts, states } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { startProxy } from '../test/proxy.ts'
import { until } from '../test/until.ts'
import { startSettler } from './settler.ts'

type Boss = Parameters<typeof startSettler>[0]['boss']

/** So many attempts under way, as their outcomes. */
async function underWay(pool: Pool, boss: Boss, count: number) {
  await queueUp(pool, boss, {}, count)
  const it = worker(pool, boss)
  const { claims } = await it.claim(undefined, count)
  return { workerId: it.workerId, outcomes: claims.map((claim) => outcomeOf(claim)) }
}

function settling(pool: Pool, boss: Boss, workerId: string) {
  const { log, lines } = createLog()
  const settled: Settlement[] = []
  const settler = startSettler({ pool, boss, workerId, log, onSettled: (it) => settled.push(it) })
  onTestFinished(async () => void (await settler.stop(5_000)))
  return { settler, settled, lines, logged: (message: string) => lines.filter(({ msg }) => msg === message) }
}

/** A settler whose database can be taken away. */
async function distant(databaseUrl: string, workerId: string) {
  const proxy = await startProxy(databaseUrl)
  const pool = createPool(proxy.url, { max: 2, connectMs: 500, queryMs: 500 })
  const boss = await startQueue(pool)
  onTestFinished(async () => {
    await boss.stop({ graceful: false, close: false })
    await pool.end()
    await proxy.close()
  })
  const it = settling(pool, boss, workerId)
  // The last to be registered is the first to be done: what is left is written, not waited for.
  onTestFinished(proxy.restore)
  return { proxy, ...it }
}

const transactions = async (pool: Pool) =>
  (await pool.query('select count(distinct xmin::text)::int as n from attempts')).rows[0].n

test('outcomes that come together share transactions, of which none is too large', async ({ pool, boss }) => {
  const { workerId, outcomes } = await underWay(pool, boss, 450)
  const { settler, settled } = settling(pool, boss, workerId)
  for (const outcome of outcomes) settler.push(outcome)
  expect(settler.pending).toBe(450)
  await until('all to be written', () => settler.pending === 0)
  expect([settled.length, await states(pool)]).toEqual([450, { succeeded: 450 }])
  expect(await transactions(pool)).toBe(3)
  expect(await queueItems(pool)).toEqual([])
})

test('an outcome that comes alone is written at once, though nothing follows it', async ({ pool, boss }) => {
  const { workerId, outcomes } = await underWay(pool, boss, 2)
  const { settler, settled } = settling(pool, boss, workerId)
  for (const [index, outcome] of outcomes.entries()) {
    settler.push(outcome)
    await until('it to be written', () => settled.length === index + 1, 1_000)
  }
  expect(await transactions(pool)).toBe(2)
})

test.for(['cut', 'freeze'] as const)(
  'while the database is away (%s) outcomes are kept, and once it is back each is written once',
  async (how, { pool, boss, databaseUrl }) => {
    const { workerId, outcomes } = await underWay(pool, boss, 6)
    const { proxy, settler, settled, logged } = await distant(databaseUrl, workerId)
    proxy[how]()
    for (const outcome of outcomes.slice(0, 3)) settler.push(outcome)
    await until('a write to fail', () => logged('settling failed, trying again').length > 0)
    for (const outcome of outcomes.slice(3)) settler.push(outcome)
    expect([settler.pending, settled.length, await states(pool)]).toEqual([6, 0, { running: 6 }])
    proxy.restore()
    await until('all to be written', () => settler.pending === 0)
    expect([settled.length, await states(pool)]).toEqual([6, { succeeded: 6 }])
    expect(await attempts(pool)).toHaveLength(6)
    expect([logged('settling failed, trying again').length, logged('settling works again').length]).toEqual([1, 1])
  },
)

test('an outcome that the database refuses is said and let go; the others of its group are written', async ({
  pool,
  boss,
}) => {
  const { workerId, outcomes } = await underWay(pool, boss, 5)
  const { settler, settled, logged } = settling(pool, boss, workerId)
  const poison = { ...(outcomes[2] as Settlement), responseHead: 'no text \0' }
  for (const outcome of outcomes.with(2, poison)) settler.push(outcome)
  await until('all to be dealt with', () => settled.length === 5)
  expect([settler.pending, await states(pool)]).toEqual([0, { running: 1, succeeded: 4 }])
  expect(logged('outcome refused')).toMatchObject([{ executionId: poison.executionId, level: 50 }])
  settler.push(outcomes[2] as Settlement)
  await until('the next one to be written', () => settled.length === 6)
})

test('stop writes what is left, then says that nothing is', async ({ pool, boss }) => {
  const { workerId, outcomes } = await underWay(pool, boss, 300)
  const { settler } = settling(pool, boss, workerId)
  for (const outcome of outcomes) settler.push(outcome)
  expect(await settler.stop(10_000)).toBe(0)
  expect(await states(pool)).toEqual({ succeeded: 300 })
})

test.for(['cut', 'freeze'] as const)(
  'stop gives up after its time when the database is away (%s), and says how many are not written',
  async (how, { pool, boss, databaseUrl }) => {
    const { workerId, outcomes } = await underWay(pool, boss, 4)
    const { proxy, settler, logged } = await distant(databaseUrl, workerId)
    proxy[how]()
    for (const outcome of outcomes) settler.push(outcome)
    await until('a write to fail', () => logged('settling failed, trying again').length > 0)
    const since = performance.now()
    expect(await settler.stop(700)).toBe(4)
    expect(performance.now() - since).toBeLessThan(2_000)
  },
)

test('a success is written although the claim was lost meanwhile; a failure that comes late changes nothing', async ({
  pool,
  boss,
}) => {
  const { workerId, outcomes } = await underWay(pool, boss, 2)
  await pool.query(`update executions set attempt = 2, claimed_by = gen_random_uuid()`)
  const { settler } = settling(pool, boss, workerId)
  settler.push(outcomes[0] as Settlement)
  settler.push({ ...(outcomes[1] as Settlement), ...rejected })
  expect(await settler.stop(5_000)).toBe(0)
  expect(await states(pool)).toEqual({ running: 1, succeeded: 1 })
})
