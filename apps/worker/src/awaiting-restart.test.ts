import type { StoredDelivery } from '@scheduler/core/delivery'
import type { Pool } from '@scheduler/db/client'
import { test as base } from '@scheduler/db/test/database'
import { expect, onTestFinished } from 'vitest'
import { accept, ENCRYPTION_KEYS, PUBLIC_URL, say } from '../test/acknowledging.ts'
import { attempts, createOnceJobs, ledger, many, states } from '../test/jobs.ts'
import { startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { startWorker } from '../test/worker-process.ts'

const test = base.extend('start', ({ databaseUrl }) => async () => {
  const worker = await startWorker(databaseUrl, { PUBLIC_URL: `${PUBLIC_URL}/`, ENCRYPTION_KEYS })
  onTestFinished(async () => {
    worker.kill('SIGKILL')
    await worker.exited
  })
  return worker
})

const accepted = (pool: Pool, count: number) => async () =>
  (await ledger(pool)).filter((it) => it.reason === 'awaiting_ack').length === count

test('what was accepted is waited for, whoever it was sent by: no worker, killed or stopped, is needed for it', {
  timeout: 60_000,
}, async ({ pool, start }) => {
  const here = await startReceiver(accept)
  onTestFinished(here.close)
  const url = `${here.origin}/`
  const delivery: StoredDelivery = { async: { timeoutSeconds: 300 } }

  const victim = await start()
  await createOnceJobs(pool, many(3, { url, delivery }))
  await until('all to be accepted', accepted(pool, 3))
  victim.kill('SIGKILL')
  await victim.exited
  const [first, second, third] = here.arrivals
  if (!first || !second || !third) throw new Error('three were sent')
  await say(pool, first, 'ack')

  // Long enough for its items to be given to others, had it any.
  const next = await start()
  await createOnceJobs(pool, [{ url, inMs: 12_500 }])
  await until('what comes after that', async () => (await states(pool)).succeeded === 2, 30_000)
  expect([await states(pool), here.arrivals.length]).toEqual([{ succeeded: 2, running: 2 }, 4])
  await say(pool, second, 'ack')

  // Its time ends: whichever worker there is sees to it.
  await pool.query('update jobs set delivery = delivery || \'{"retry": {"minBackoffSeconds": 0.05}}\'')
  await pool.query(`update executions set ack_deadline_at = now() where id = $1`, [third.id])
  await until('its second attempt', () => here.arrivals.filter((it) => it.id === third.id).length === 2)
  await until('that to be accepted', accepted(pool, 1))
  expect((await attempts(pool)).filter((it) => it.error === 'ack_timeout')).toHaveLength(1)

  const since = performance.now()
  next.kill('SIGTERM')
  expect(await next.exited).toBe(0)
  expect(performance.now() - since, 'it does not wait for what is awaited').toBeLessThan(5_000)
  expect(here.arrivals).toHaveLength(5)
})
