import { createDb } from '@scheduler/db/client'
import { executions } from '@scheduler/db/schema/index'
import { ahead, execution } from '@scheduler/db/test/factories'
import { test as base, queueItems, queueUp } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { attempts, createOnceJobs, ledger, many, states } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { startProxy } from '../test/proxy.ts'
import { holdBack, type Receiver, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { startLeader } from './leader.ts'

const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are wanted
  .extend('receiver', async ({}, { onCleanup }): Promise<Receiver> => {
    const receiver = await startReceiver()
    onCleanup(receiver.close)
    return receiver
  })
  .extend('start', ({ databaseUrl }) => async (options: PartsOptions = {}, url = databaseUrl) => {
    const parts = await startParts(url, options)
    onTestFinished(() => parts.close())
    return parts
  })

test('items that nobody announced are found and sent', async ({ pool, boss, receiver, start }) => {
  await start()
  const { origin } = receiver
  await queueUp(pool, boss, { callbackUrl: `${origin}/`, destination: origin }, 5)
  await until('them to be sent', async () => (await states(pool)).succeeded === 5, 5_000)
  expect([receiver.arrivals.length, await queueItems(pool)]).toEqual([5, []])
})

test('many executions of one healthy destination are sent without a pause, though most are parked on their way', {
  timeout: 40_000,
}, async ({ pool, receiver, start }) => {
  await createOnceJobs(pool, many(250, { url: `${receiver.origin}/` }))
  const since = performance.now()
  await start({ concurrency: 8, destinationConcurrency: 4 })
  await until('all to be sent', async () => (await states(pool)).succeeded === 250, 30_000)
  expect(performance.now() - since, 'a parked one waits for 60 s if nobody brings it back').toBeLessThan(30_000)
  expect(receiver.arrivals).toHaveLength(250)
  expect(new Set(receiver.arrivals.map((it) => it.id)).size).toBe(250)
})

test('executions that another worker parked are brought back by one that looks for them', async ({
  pool,
  receiver,
  start,
}) => {
  const gate = holdBack()
  receiver.answer = gate.answer
  await createOnceJobs(pool, many(50, { url: `${receiver.origin}/` }))
  const first = await start({ concurrency: 2, destinationConcurrency: 1 })
  await until('some to be parked', async () => ((await states(pool)).parked ?? 0) > 40)
  gate.release()
  await first.drain()
  const left = (await ledger(pool)).filter((it) => it.state !== 'succeeded').length
  expect(left).toBeGreaterThan(0)
  const second = await start()
  await second.claimer.discover()
  await until('all to be sent', async () => (await states(pool)).succeeded === 50)
  expect(receiver.arrivals.every((it) => it.attempt === 1)).toBe(true)
})

test('with more destinations than a look finds, the next looks find the others, and then the first again', async ({
  pool,
  start,
}) => {
  const parked = (i: number, reason: 'circuit_open' | 'destination_busy') =>
    execution({ state: 'parked', reason, destination: `http://${i}.test`, nextAttemptAt: ahead(60) })
  const open = Array.from({ length: 520 }, (_, i) => parked(i, 'circuit_open'))
  const { claimer } = await start()
  // It only looks: none of them is brought back in between.
  await claimer.stop()
  await createDb(pool)
    .insert(executions)
    .values([...open, parked(600, 'destination_busy')])

  const looks = [await claimer.discover(), await claimer.discover(), await claimer.discover()]

  expect(looks.map((found) => found.length)).toEqual([500, 21, 500])
  const found = looks.slice(0, 2).flat()
  expect(new Set(found.map(({ destination }) => destination)).size).toBe(521)
})

test('an execution that is cancelled while its item is held or waits is not sent, and its item ends', async ({
  pool,
  receiver,
  start,
}) => {
  const gate = holdBack()
  receiver.answer = gate.answer
  await createOnceJobs(pool, many(12, { url: `${receiver.origin}/` }))
  const parts = await start({ concurrency: 4, destinationConcurrency: 4 })
  await until('some to be held', () => receiver.open === 4 && parts.launcher.held() > 0)
  await pool.query(`update executions set state = 'cancelled', finished_at = now(), next_attempt_at = null
    where state in ('queued', 'parked')`)
  gate.release()
  await until(
    'the held ones to be let go',
    async () => parts.launcher.held() === 0 && (await queueItems(pool)).length === 0,
  )
  expect([receiver.arrivals.length, parts.leases.held]).toEqual([4, 0])
  expect(await states(pool)).toEqual({ cancelled: 8, succeeded: 4 })
  expect(await attempts(pool)).toHaveLength(4)
})

test('when the database goes away in the middle of it, everything is sent once it is back, and once each', {
  timeout: 60_000,
}, async ({ pool, databaseUrl, receiver, start }) => {
  const proxy = await startProxy(databaseUrl)
  onTestFinished(proxy.close)
  const parts = await start({ concurrency: 8, destinationConcurrency: 8 }, proxy.url)
  // A claim whose commit was not answered is nobody's until its heartbeat runs out.
  const listener = { leads: true, connectedMs: 60_000, stop: async () => {} }
  const leader = startLeader({ pool, boss: parts.boss, log: parts.log, listener })
  onTestFinished(() => leader.stop())
  await createOnceJobs(pool, many(600, { url: `${receiver.origin}/` }))
  for (const count of [50, 150, 300]) {
    await until(`${count} to be sent`, () => receiver.arrivals.length >= count, 20_000)
    proxy.cut()
    await until('it to be noticed', () => parts.lines.some(({ msg }) => msg.endsWith('failed, trying again')))
    parts.lines.length = 0
    proxy.restore()
  }
  await until('all to be sent', async () => (await states(pool)).succeeded === 600, 45_000)
  const times = Map.groupBy(receiver.arrivals, (it) => it.id)
  expect(times.size).toBe(600)
  expect([...times.values()].filter((them) => them.length > 1)).toEqual([])
  expect(await queueItems(pool)).toEqual([])
})

test('a claim that fails with places taken is tried again after a pause, not at once', async ({
  pool,
  boss,
  receiver,
  start,
}) => {
  await queueUp(pool, boss, { callbackUrl: `${receiver.origin}/`, destination: receiver.origin }, 3)
  await pool.query(`alter table executions add constraint refuse check (state <> 'running')`)
  const { lines } = await start()
  const said = (msg: string) => lines.find((it) => it.msg === msg)
  await until('it to fail', () => said('claiming failed, trying again'))
  const since = performance.now()
  await until('a second to pass', () => performance.now() - since > 1_000)
  await pool.query('alter table executions drop constraint refuse')
  const { failures } = await until('it to work', () => said('claiming works again'))
  expect(failures).toBeLessThan(10)
  await until('them to be sent', () => receiver.arrivals.length === 3)
})

test('a worker that stood fenced goes on: it still renews, settles and claims', { timeout: 40_000 }, async ({
  pool,
  databaseUrl,
  receiver,
  start,
}) => {
  const gate = holdBack()
  receiver.answer = gate.answer
  const proxy = await startProxy(databaseUrl)
  onTestFinished(() => proxy.close())
  const { leases } = await start({ concurrency: 4 }, proxy.url)
  await createOnceJobs(pool, many(40, { url: `${receiver.origin}/` }))
  await until('some to be in flight and more in the queue', async () => ((await states(pool)).running ?? 0) >= 4)
  proxy.freeze()
  await until('the worker to be fenced', () => leases.fenced, 15_000)
  gate.release()
  proxy.restore()
  await until('all to be sent', async () => (await states(pool)).succeeded === 40, 20_000)
})
