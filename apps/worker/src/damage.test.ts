import { readKeys } from '@scheduler/core/seal'
import { checkInvariants } from '@scheduler/db/queries/check-invariants'
import { invariants } from '@scheduler/db/queries/invariants/all'
import { type Reconciled, reconcile } from '@scheduler/db/queries/reconcile'
import { beat } from '@scheduler/db/queries/workers'
import { test } from '@scheduler/db/test/queue'
import { transaction } from '@scheduler/db/transaction'
import { expect, onTestFinished } from 'vitest'
import { createOnceJobs, many, states } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { type Answer, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

const slow: Answer = (_it, response) => void setTimeout(() => response.end(), 30) // allowed: what a receiver takes

const given = { keys: readKeys([]), deadLetterDays: 90 }

/** Two workers that beat, and a reconciler that passes again and again; it adds up what it repairs. */
async function startAll(databaseUrl: string, pool: Parameters<typeof beat>[0], boss: Parameters<typeof reconcile>[1]) {
  const workers = await Promise.all(
    [1, 2].map(() => startParts(databaseUrl, { destinationConcurrency: 40, concurrency: 40 })),
  )
  const total: Reconciled = { requeued: 0, crashed: 0, overdue: 0 }
  let stopped = false
  const loop = async () => {
    while (!stopped) {
      for (const { workerId } of workers) {
        await beat(pool, { id: workerId, hostname: 'test', pid: 1, inFlight: 0, draining: false })
      }
      const found = await reconcile(pool, boss)
      total.requeued += found.requeued
      total.crashed += found.crashed
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const running = loop()
  onTestFinished(async () => {
    stopped = true
    await running
    await Promise.all(workers.map((it) => it.close()))
  })
  return total
}

test('under load and without damage nothing is repaired, and no invariant is broken', { timeout: 60_000 }, async ({
  databaseUrl,
  pool,
  boss,
}) => {
  const receiver = await startReceiver(slow)
  onTestFinished(() => receiver.close())
  const total = await startAll(databaseUrl, pool, boss)
  await createOnceJobs(pool, many(600, { url: `${receiver.origin}/busy` }))
  // What the tests' server and its pool are set to is not the point.
  const asked = invariants.filter(({ name }) => !['commits are durable', 'plans steady'].includes(name))
  const broken: string[] = []
  await until(
    'all to succeed',
    async () => {
      const checked = await checkInvariants(pool, asked, given)
      broken.push(...checked.filter(({ status }) => status !== 'ok').map((it) => JSON.stringify(it)))
      return (await states(pool)).succeeded === 600
    },
    50_000,
  )
  expect(broken).toEqual([])
  expect(total).toEqual({ requeued: 0, crashed: 0, overdue: 0 })
  expect(receiver.arrivals).toHaveLength(600)
})

test('items are deleted and set failed by hand under load: all is repaired, nothing lost, and what was repaired is the damage', {
  timeout: 60_000,
}, async ({ databaseUrl, pool, boss }) => {
  const receiver = await startReceiver(slow)
  onTestFinished(() => receiver.close())
  const total = await startAll(databaseUrl, pool, boss)
  await createOnceJobs(pool, many(600, { url: `${receiver.origin}/damaged` }))
  const damaged = { queued: 0, running: 0 }
  const damage = (change: string) =>
    transaction(pool, async (client) => {
      const { rows: hit } = await client.query<{ id: string }>(
        `select id from pgboss.job where name = 'deliver' and state in ('created', 'retry', 'active') and random() < 0.05
         for update skip locked`,
      )
      const ids = [hit.map(({ id }) => id)]
      // Nobody begins an attempt whose item is locked: how these executions stand is how the damage finds them.
      const { rows } = await client.query<{ state: 'queued' | 'running' }>(
        `select state::text from executions where item_id = any($1) and state in ('queued', 'running')`,
        ids,
      )
      await client.query(change, ids)
      for (const { state } of rows) damaged[state] += 1
    })
  await until(
    'all to succeed',
    async () => {
      await damage('delete from pgboss.job where id = any($1)')
      await damage(`update pgboss.job set state = 'failed', completed_on = now() where id = any($1)`)
      return (await states(pool)).succeeded === 600
    },
    50_000,
  )
  expect(damaged.queued).toBeGreaterThan(10)
  expect(total).toMatchObject({ requeued: damaged.queued, crashed: 0 })
  const ids = new Set(receiver.arrivals.map(({ id }) => id))
  expect(ids.size).toBe(600)
  // Twice only what was in flight when its item went.
  expect(receiver.arrivals.length - 600).toBeLessThanOrEqual(damaged.running)
})
