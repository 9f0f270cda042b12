import { once } from 'node:events'
import { WORK_CHANNEL } from '@scheduler/db/notify'
import { newItemId } from '@scheduler/db/queue'
import { test as base, queueItems, queueUp } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { createOnceJobs, many, states } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { holdBack, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

const test = base.extend('start', ({ databaseUrl }) => async (options: PartsOptions = {}) => {
  const parts = await startParts(databaseUrl, options)
  onTestFinished(() => parts.close())
  /** How many executions have begun as they were dispatched, and how many went into the queue. */
  const dispatched = () => {
    const told = parts.lines.filter(({ msg }) => msg === 'dispatched')
    const sum = (field: 'begun' | 'items') => told.reduce((total, it) => total + Number(it[field]), 0)
    return { begun: sum('begun'), items: sum('items') }
  }
  /** Waits until it has found that the queue is empty: what is dispatched before then goes into it. */
  const untilIdle = () => until('the queue to be known as empty', () => canTake(parts), 5_000)
  return { ...parts, dispatched, untilIdle }
})

/** Whether it would take a place for a destination that nobody calls; it is given back. */
function canTake({ claimer, destinations }: Awaited<ReturnType<typeof startParts>>): boolean {
  const can = claimer.take('http://nobody.test')
  if (can) destinations.release('http://nobody.test')
  return can
}

async function receiving(answer?: Parameters<typeof startReceiver>[0]) {
  const receiver = await startReceiver(answer)
  onTestFinished(receiver.close)
  return receiver
}

test('what is due begins as it is dispatched, and never lies in the queue', async ({ pool, start }) => {
  const receiver = await receiving()
  const { dispatched, untilIdle } = await start()
  await untilIdle()

  await createOnceJobs(pool, [{ url: `${receiver.origin}/`, inMs: 50 }])
  await until('it to be sent', async () => (await states(pool)).succeeded === 1)

  expect(dispatched()).toEqual({ begun: 1, items: 0 })
  expect([receiver.arrivals.length, await queueItems(pool)]).toEqual([1, []])
})

test('no more begin than there are places for; the others are claimed as places fall free', async ({ pool, start }) => {
  const gate = holdBack()
  const receiver = await receiving(gate.answer)
  const { dispatched, untilIdle, dispatcher, launcher } = await start({ concurrency: 3 })
  await untilIdle()

  await createOnceJobs(pool, many(10, { url: `${receiver.origin}/` }))
  dispatcher.wake()
  await until('all to be dispatched', () => dispatched().begun + dispatched().items === 10)
  await until('all places to be taken', () => receiver.open === 3)
  expect(launcher.inFlight).toBe(3)
  gate.release()
  await until('all to be sent', async () => (await states(pool)).succeeded === 10)

  expect(dispatched().begun).toBeGreaterThan(0)
  expect(receiver.mostOpen).toBe(3)
  expect(new Set(receiver.arrivals.map((it) => it.id)).size).toBe(10)
})

test('what waits for a slow destination keeps nothing else from beginning, and nothing overtakes it', async ({
  pool,
  start,
}) => {
  const gate = holdBack()
  const [slow, fast] = [await receiving(gate.answer), await receiving()]
  const { dispatched, untilIdle, launcher, claimer } = await start({ concurrency: 4, destinationConcurrency: 2 })
  await createOnceJobs(pool, many(4, { url: `${slow.origin}/` }))
  await until('some to be held', () => slow.open === 2 && launcher.held(slow.origin) === 2)
  await untilIdle()
  const before = dispatched()

  await createOnceJobs(pool, [{ url: `${fast.origin}/`, inMs: 50 }])
  await until('it to be sent', () => fast.arrivals.length === 1)

  expect(dispatched()).toEqual({ ...before, begun: before.begun + 1 })
  expect([claimer.take(slow.origin), launcher.held(slow.origin)]).toEqual([false, 2])
  gate.release()
  await until('all to be sent', async () => (await states(pool)).succeeded === 5)
})

test('as long as there may be something in the queue, what is dispatched goes behind it', async ({
  pool,
  boss,
  start,
}) => {
  const gate = holdBack()
  const receiver = await receiving(gate.answer)
  const destination = { callbackUrl: `${receiver.origin}/`, destination: receiver.origin }
  await queueUp(pool, boss, destination, 60)
  const { claimer, dispatched, dispatcher } = await start({ concurrency: 2, destinationConcurrency: 2 })
  await until('all places to be taken', () => receiver.open === 2)

  await createOnceJobs(pool, [{ url: 'http://127.0.0.1:9/' }])
  dispatcher.wake()
  await until('it to be dispatched', () => dispatched().items === 1)

  expect([dispatched().begun, claimer.take('http://other.test')]).toEqual([0, false])
  gate.release()
})

test('a place that was taken for what did not begin is given back', async ({ pool, start }) => {
  const receiver = await receiving()
  const { dispatched, untilIdle, launcher, destinations } = await start({ concurrency: 5 })
  await untilIdle()
  await pool.query(`insert into flow_limits (kind, flow, paused, created_at, updated_at)
    values ('destination', '${receiver.origin}', true, now(), now())`)

  await createOnceJobs(pool, many(3, { url: `${receiver.origin}/`, inMs: 50 }))
  await until('them to be parked', async () => (await states(pool)).parked === 3)

  await until('the places to be free', () => launcher.free === 5)
  expect([dispatched(), destinations.places(receiver.origin)]).toEqual([{ begun: 0, items: 0 }, 5])
})

test('a row that the database refuses costs no place, and what is due beside it is sent once', async ({
  pool,
  start,
}) => {
  const receiver = await receiving()
  const { untilIdle, launcher, destinations, lines, dispatcher } = await start({ concurrency: 5 })
  await untilIdle()
  await pool.query(`alter table executions add constraint poison check (destination not like 'http://poison%')`)
  onTestFinished(async () => void (await pool.query('alter table executions drop constraint poison')))

  await createOnceJobs(pool, [
    { url: 'http://poison.test/', inMs: -20 },
    ...many(3, { url: `${receiver.origin}/`, inMs: -10 }),
  ])
  dispatcher.wake()
  await until('the others to be sent', async () => (await states(pool)).succeeded === 3)

  await until('the other to be set aside', () => lines.some(({ msg }) => msg === 'job quarantined'))
  await until('the places to be free', () => launcher.free === 5)
  expect(destinations.places('http://poison.test')).toBe(5)
  expect([receiver.arrivals.length, new Set(receiver.arrivals.map((it) => it.id)).size]).toEqual([3, 3])
})

test('a worker that was told to stop begins nothing more, and leaves it to others', async ({ pool, start }) => {
  const { untilIdle, claimer, dispatcher, dispatched } = await start()
  await untilIdle()
  const told = await pool.connect()
  onTestFinished(() => told.release(true))
  await told.query(`listen ${WORK_CHANNEL}`)
  const heard = once(told, 'notification')

  await claimer.stop()
  await createOnceJobs(pool, [{ url: 'http://127.0.0.1:9/' }])
  dispatcher.wake()

  await heard
  expect([dispatched(), await states(pool)]).toEqual([{ begun: 0, items: 1 }, { queued: 1 }])
})

test.for([
  [1, false],
  [2, true],
] as const)(
  'what is held and could go comes before what is dispatched, where there are %i places',
  async ([concurrency, other], { start }) => {
    const { untilIdle, claimer, launcher } = await start({ concurrency })
    await untilIdle()
    const destination = 'http://held.test'
    const item = { id: newItemId(), retryCount: 0, data: { e: newItemId(), s: 1 } }

    launcher.hold({ item, destination, lost: false }, performance.now())

    expect([launcher.free, launcher.ready()]).toEqual([concurrency, 1])
    expect([claimer.take(destination), claimer.take('http://other.test')]).toEqual([false, other])
  },
)

test('a place that was taken in vain is filled at once by what is held meanwhile', async ({ pool, boss, start }) => {
  const receiver = await receiving()
  const parts = await start({ concurrency: 1 })
  await parts.untilIdle()
  const waits: number[] = []
  for (let n = 0; n < 5; n += 1) {
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    const launching = parts.launcher.launch(async (taken) => {
      expect(parts.destinations.admit('http://nobody.test', parts.clock.now())).toBe('send')
      taken.push('http://nobody.test')
      await over
      return []
    })
    await queueUp(pool, boss, { callbackUrl: `${receiver.origin}/`, destination: receiver.origin })
    parts.claimer.wake()
    await until('it to be held', () => parts.launcher.held() === 1)
    const since = performance.now()
    end()
    await launching
    await until('it to be sent', () => receiver.arrivals.length === n + 1)
    waits.push(performance.now() - since)
  }
  expect(Math.min(...waits), 'it would be looked at again after a second').toBeLessThan(700)
})
