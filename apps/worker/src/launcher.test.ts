import { test as base, queueItems } from '@scheduler/db/test/queue'
import { describe, expect, onTestFinished } from 'vitest'
import { circuitChanges } from '../test/circuits.ts'
import { attempts, createOnceJobs, ledger, many, states } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { type Answer, answerAfter, deadPort, holdBack, type Receiver, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

const test = base.extend('start', ({ databaseUrl }) => async (options: PartsOptions = {}) => {
  const parts = await startParts(databaseUrl, options)
  onTestFinished(() => parts.close())
  return parts
})

async function receiver(answer?: Answer): Promise<Receiver> {
  const it = await startReceiver(answer)
  onTestFinished(it.close)
  return it
}

describe('concurrency', () => {
  test('no more attempts are in flight than allowed, overall and to one destination, and as many are', async ({
    pool,
    start,
  }) => {
    const receivers: Receiver[] = []
    let most = 0
    const answer: Answer = (...args) => {
      most = Math.max(
        most,
        receivers.reduce((sum, it) => sum + it.open, 0),
      )
      answerAfter(20)(...args)
    }
    for (let n = 0; n < 3; n += 1) receivers.push(await receiver(answer))
    await createOnceJobs(
      pool,
      receivers.flatMap(({ origin }) => many(60, { url: `${origin}/` })),
    )
    await start({ concurrency: 14, destinationConcurrency: 8 })
    await until('all to succeed', async () => (await states(pool)).succeeded === 180)
    expect(most).toBe(14)
    expect(receivers.map((it) => it.arrivals.length)).toEqual([60, 60, 60])
    expect(Math.max(...receivers.map((it) => it.mostOpen))).toBeLessThanOrEqual(8)
  })

  test('one destination gets all of its places, and no more, also when the others want none', async ({
    pool,
    start,
  }) => {
    const { origin, ...it } = await receiver(answerAfter(20))
    const here = it as Receiver
    await createOnceJobs(pool, many(150, { url: `${origin}/` }))
    const parts = await start({ concurrency: 40, destinationConcurrency: 12 })
    let most = 0
    await until('all to succeed', async () => {
      most = Math.max(most, parts.launcher.inFlight)
      return (await states(pool)).succeeded === 150
    })
    expect(most).toBe(12)
    expect(here.arrivals).toHaveLength(150)
  })

  test('one that hangs with hundreds of executions keeps no other waiting; and they come back once it answers', async ({
    pool,
    start,
  }) => {
    const gate = holdBack()
    const [hanging, healthy] = [await receiver(gate.answer), await receiver()]
    await createOnceJobs(pool, many(300, { url: `${hanging.origin}/` }))
    const parts = await start({ concurrency: 20, destinationConcurrency: 10, timeoutMs: 60_000 })
    await until('it to hang', () => hanging.open >= 5)
    await createOnceJobs(pool, many(200, { url: `${healthy.origin}/` }))
    parts.dispatcher.wake()
    await until('all of the other to arrive', () => healthy.arrivals.length === 200)
    expect(hanging.open).toBe(5)
    expect(hanging.arrivals).toHaveLength(5)
    await until('the other to succeed', async () => (await states(pool)).succeeded === 200)
    expect((await states(pool)).parked).toBeGreaterThan(200)
    gate.release()
    await until('all that was parked', async () => (await states(pool)).succeeded === 500, 15_000)
    expect(hanging.mostOpen).toBeLessThanOrEqual(10)
    expect(new Set(hanging.arrivals.map((it) => it.id)).size).toBe(300)
    expect(hanging.arrivals.every((it) => it.attempt === 1)).toBe(true)
  })
})

describe('a circuit', () => {
  const options = { failMax: 5, concurrency: 40, destinationConcurrency: 20 }

  test.for(['answers 503', 'refuses connections'])(
    'that opens (a destination that %s) parks all that is held without an attempt: exactly failMax were made',
    async (how, { pool, start }) => {
      const here = await receiver((_, response) => response.writeHead(503).end())
      const port = how === 'answers 503' ? here.port : await deadPort()
      await createOnceJobs(pool, many(60, { url: `http://127.0.0.1:${port}/` }))
      const parts = await start(options)
      await until('all to be dealt with', async () => {
        const { parked, failed } = await states(pool)
        return parked === 55 && failed === 5
      })
      const rows = await ledger(pool)
      const parked = rows.filter((it) => it.state === 'parked')
      expect(parked.every((it) => it.attempt === 0)).toBe(true)
      expect(rows.filter((it) => it.state === 'failed').every((it) => it.attempt === 1)).toBe(true)
      expect(await attempts(pool)).toHaveLength(5)
      await until('the circuit', async () => (await circuitChanges(pool)).length > 0)
      expect(await circuitChanges(pool)).toEqual([
        { destination: `http://127.0.0.1:${port}`, state: 'open', cause: 'failures' },
      ])
      expect([await queueItems(pool), parts.launcher.held()]).toEqual([[], 0])
    },
  )

  test('that closes brings back what was parked, each with its first attempt', async ({ pool, start }) => {
    let isUp = false
    const here = await receiver((_, response) => response.writeHead(isUp ? 200 : 500).end())
    await createOnceJobs(pool, many(60, { url: `${here.origin}/` }))
    await start({ ...options, resetMs: 400, timeoutMs: 1_000 })
    await until('a probe to fail', async () =>
      (await circuitChanges(pool)).some(({ cause }) => cause === 'probe_failed'),
    )
    isUp = true
    const before = here.arrivals.length
    await until('all to be dealt with', async () => {
      const { succeeded = 0, failed: gone = 0 } = await states(pool)
      return succeeded + gone === 60
    })
    expect(before).toBeLessThanOrEqual(8)
    expect(here.arrivals.every((it) => it.attempt === 1)).toBe(true)
    expect(new Set(here.arrivals.map((it) => it.id)).size).toBe(60)
    expect((await circuitChanges(pool)).at(-1)).toMatchObject({ state: 'closed', cause: 'probe_succeeded' })
  })
})

describe('drain', () => {
  test('finishes what is in flight, and puts what is held back into the ledger, without an attempt', async ({
    pool,
    start,
  }) => {
    const gate = holdBack()
    const here = await receiver(gate.answer)
    await createOnceJobs(pool, many(30, { url: `${here.origin}/` }))
    const parts = await start({ concurrency: 4, destinationConcurrency: 4 })
    await until('some to be in flight and some to be held', () => here.open === 4 && parts.launcher.held() > 0)
    const drained = parts.drain(10_000)
    await until('the held ones to be put back', async () => {
      const { running, parked } = await states(pool)
      return running === 4 && parked === 26
    })
    gate.release()
    expect(await drained).toEqual({ finished: true, unsettled: 0 })
    expect(here.arrivals).toHaveLength(4)
    const rows = await ledger(pool)
    expect(rows.filter((it) => it.state === 'succeeded')).toHaveLength(4)
    const left = rows.filter((it) => it.state !== 'succeeded')
    expect(left.every((it) => ['parked', 'queued'].includes(it.state) && it.attempt === 0)).toBe(true)
    expect(
      (await queueItems(pool)).every((it) => it.state === 'created'),
      'none is claimed by nobody',
    ).toBe(true)

    const other = await start()
    await other.claimer.discover()
    await until('another worker to deliver them', async () => (await states(pool)).succeeded === 30)
    expect(here.arrivals.every((it) => it.attempt === 1)).toBe(true)
  })

  test('breaks off what has not finished in time; it waits for no time, and is sent again as attempt 2', async ({
    pool,
    start,
  }) => {
    const here = await receiver(() => {})
    await createOnceJobs(pool, many(3, { url: `${here.origin}/` }))
    const parts = await start({ timeoutMs: 60_000 })
    await until('all to be in flight', () => here.open === 3)
    expect(await parts.drain(200)).toEqual({ finished: false, unsettled: 0 })
    expect([here.open, await states(pool), await queueItems(pool)]).toEqual([0, { waiting: 3 }, []])
    expect(await attempts(pool)).toEqual(Array(3).fill({ attempt: 1, outcome: 'abandoned', status: null, error: null }))
    here.answer = (_, response) => response.end()
    await start()
    await until('another worker to deliver them', async () => (await states(pool)).succeeded === 3)
    expect(here.arrivals.map((it) => it.attempt)).toEqual([1, 1, 1, 2, 2, 2])
    expect(new Set(here.arrivals.map((it) => it.id)).size).toBe(3)
  })

  test('with nothing in flight ends at once', async ({ start }) => {
    const parts = await start()
    const since = performance.now()
    expect(await parts.drain(30_000)).toEqual({ finished: true, unsettled: 0 })
    expect(performance.now() - since).toBeLessThan(5_000)
  })
})
