import { type FlowSettings, liftLimit, limitFlow } from '@scheduler/db/queries/flow-limits'
import { test } from '@scheduler/db/test/database'
import { describe, expect, onTestFinished } from 'vitest'
import { createOnceJobs, itemCount, ledger, many, states } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { type Answer, answerAfter, holdBack, type Receiver, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { startWorker } from '../test/worker-process.ts'

const none: FlowSettings = { rate: null, concurrency: null, paused: false }

async function receiverOf(answer?: Answer): Promise<Receiver> {
  const receiver = await startReceiver(answer)
  onTestFinished(() => receiver.close())
  return receiver
}

/** So many workers, in this process. */
async function workers(databaseUrl: string, count: number, options?: PartsOptions) {
  const all = await Promise.all(Array.from({ length: count }, () => startParts(databaseUrl, options)))
  onTestFinished(async () => void (await Promise.all(all.map((it) => it.close()))))
  return { all, wake: () => all.forEach((it) => void it.flowKeeper.wake()) }
}

/** The most of these times, ms, that lie within one span. */
function mostWithin(times: number[], span: number): number {
  return Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + span).length))
}

describe('a rate', () => {
  test('is not exceeded by two workers together, in any second', async ({ databaseUrl, pool }) => {
    const times: number[] = []
    const receiver = await receiverOf((_, response) => {
      times.push(performance.now())
      response.end('ok')
    })
    await limitFlow(pool, 'destination', receiver.origin, { ...none, rate: { count: 20, perSeconds: 1 } })
    await workers(databaseUrl, 2)
    await createOnceJobs(pool, many(60, { url: receiver.origin }))

    await until('all to arrive', () => times.length === 60, 20_000)

    // A hundred milliseconds of burst, and a quarter of a second for some to be longer on their way than others.
    expect(mostWithin(times, 1_000)).toBeLessThanOrEqual(20 + 2 + 5 + 1)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2_500)
    // Nor is it wasted: two workers that contend for each grant must not come to less.
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(6_000)
  })
})

describe('a concurrency', () => {
  test('is not exceeded by two workers together, and is made use of', async ({ databaseUrl, pool }) => {
    const receiver = await receiverOf(answerAfter(40))
    await limitFlow(pool, 'destination', receiver.origin, { ...none, concurrency: 3 })
    await workers(databaseUrl, 2)
    await createOnceJobs(pool, many(40, { url: receiver.origin }))

    await until('all to arrive', () => receiver.arrivals.length === 40, 20_000)

    expect(receiver.mostOpen).toBe(3)
    await until('all to be settled', async () => (await states(pool)).succeeded === 40)
    const { rows } = await pool.query('select count(*)::int as n from flow_slots')
    expect(rows[0].n).toBe(0)
  })

  test('of a key holds over all the destinations of its jobs', async ({ databaseUrl, pool }) => {
    let mostOpen = 0
    const later = answerAfter(30)
    const answer: Answer = (arrival, response, request) => {
      mostOpen = Math.max(mostOpen, one.open + other.open)
      later(arrival, response, request)
    }
    const [one, other] = [await receiverOf(answer), await receiverOf(answer)]
    await limitFlow(pool, 'key', 'tenant', { ...none, concurrency: 2 })
    await workers(databaseUrl, 2)
    const of = ({ origin: url }: Receiver) => many(10, { url, flowKey: 'tenant' })
    await createOnceJobs(pool, [...of(one), ...of(other), { url: one.origin, flowKey: 'another' }])

    await until('all to arrive', () => one.arrivals.length === 11 && other.arrivals.length === 10, 20_000)
    expect(mostOpen).toBeLessThanOrEqual(3)
    expect(mostOpen).toBeGreaterThan(1)
  })

  test('of both holds for a job with two limits', async ({ databaseUrl, pool }) => {
    const [one, other] = [await receiverOf(answerAfter(30)), await receiverOf(answerAfter(30))]
    await limitFlow(pool, 'destination', one.origin, { ...none, concurrency: 1 })
    await limitFlow(pool, 'key', 'tenant', { ...none, concurrency: 3 })
    await workers(databaseUrl, 2)
    const of = ({ origin: url }: Receiver) => many(10, { url, flowKey: 'tenant' })
    await createOnceJobs(pool, [...of(one), ...of(other), ...many(5, { url: one.origin })])

    await until('all to arrive', () => one.arrivals.length === 15 && other.arrivals.length === 10, 20_000)
    expect(one.mostOpen).toBe(1)
    expect(other.mostOpen).toBeLessThanOrEqual(3)
  })

  test('is not exceeded when a worker is killed: its attempts keep their slots', async ({ databaseUrl, pool }) => {
    const { answer, release } = holdBack()
    const receiver = await receiverOf(answer)
    await limitFlow(pool, 'destination', receiver.origin, { ...none, concurrency: 2 })
    const start = async () => {
      const worker = await startWorker(databaseUrl, { ALLOW_PRIVATE_TARGETS: 'true' })
      onTestFinished(async () => {
        worker.kill('SIGKILL')
        await worker.exited
      })
      return worker
    }
    const first = await start()
    await createOnceJobs(pool, many(6, { url: receiver.origin }))
    await until('two to be in flight', () => receiver.open === 2)
    await start()

    first.kill('SIGKILL')
    await first.exited
    await until('their attempts to be made anew', () => receiver.arrivals.length === 4, 40_000)
    expect(receiver.arrivals.map((it) => it.attempt)).toEqual([1, 1, 2, 2])
    release()
    await until('all to succeed', async () => (await states(pool)).succeeded === 6, 40_000)
    expect(receiver.mostOpen).toBe(2)
  }, 60_000)
})

describe('a pause', () => {
  test('keeps back what has not begun, lets end what has, and delays nobody else', async ({ databaseUrl, pool }) => {
    const slow = holdBack()
    const receiver = await receiverOf(slow.answer)
    const other = await receiverOf()
    const { all, wake } = await workers(databaseUrl, 1, { concurrency: 4, destinationConcurrency: 2 })
    await createOnceJobs(pool, many(2, { url: receiver.origin }))
    await until('some to be in flight', () => receiver.open > 0)
    await limitFlow(pool, 'destination', receiver.origin, { ...none, paused: true })
    const before = receiver.arrivals.length

    await createOnceJobs(pool, many(200, { url: receiver.origin }))
    await createOnceJobs(pool, many(30, { url: other.origin }))

    await until('the others to arrive', () => other.arrivals.length === 30)
    slow.release()
    await until('what was in flight to end', async () => (await states(pool)).succeeded === 30 + before)
    const parked = (await ledger(pool)).filter((it) => it.reason === 'destination_limited')
    expect(parked).toHaveLength(202 - before)
    expect(parked.every((it) => it.attempt === 0)).toBe(true)
    expect(receiver.arrivals).toHaveLength(before)
    // They take no place, are not held, and are not in the queue.
    expect(all[0]?.launcher).toMatchObject({ inFlight: 0, free: 4 })
    expect(all[0]?.launcher.held()).toBe(0)
    expect(await itemCount(pool)).toBe(0)

    await limitFlow(pool, 'destination', receiver.origin, { ...none, concurrency: 10 })
    wake()
    await until('all to arrive', () => receiver.arrivals.length === 202, 20_000)
  })

  test('that is lifted lets all go', async ({ databaseUrl, pool }) => {
    const receiver = await receiverOf()
    await limitFlow(pool, 'key', 'tenant', { ...none, paused: true })
    const { wake } = await workers(databaseUrl, 1)
    await createOnceJobs(pool, many(150, { url: receiver.origin, flowKey: 'tenant' }))
    await until('all to be parked', async () => (await states(pool)).parked === 150)

    await liftLimit(pool, 'key', 'tenant')
    wake()
    await until('all to arrive', () => receiver.arrivals.length === 150)
  })
})

test('of a limited destination each job has its turn, however much another has before it', async ({
  databaseUrl,
  pool,
}) => {
  const receiver = await receiverOf(answerAfter(10))
  await limitFlow(pool, 'destination', receiver.origin, { ...none, concurrency: 1 })
  const [noisy] = await createOnceJobs(pool, [{ url: `${receiver.origin}/noisy`, inMs: 3_600_000 }])
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
       next_attempt_at, destination)
     select gen_random_uuid(), $1, 1, 'backfill', 'parked', 'destination_limited', now() - n * interval '1 minute', now(),
       now(), '9999-01-01', $2 from generate_series(1, 500) as n`,
    [noisy, receiver.origin],
  )
  await createOnceJobs(pool, many(10, { url: `${receiver.origin}/quiet` }))
  await workers(databaseUrl, 2)

  await until('the quiet ones to arrive', () => receiver.of('/quiet').length === 10, 20_000)
  // One of the noisy job for each of the others, and some that went before these were dispatched.
  expect(receiver.of('/noisy').length).toBeLessThan(60)
})
