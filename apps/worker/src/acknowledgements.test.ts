import type { StoredDelivery } from '@scheduler/core/delivery'
import { test } from '@scheduler/db/test/database'
import { describe, expect, onTestFinished } from 'vitest'
import { accept, keys, PUBLIC_URL, say, urlOf } from '../test/acknowledging.ts'
import { circuitChanges } from '../test/circuits.ts'
import { attempts, createOnceJobs, itemCount, ledger, type OnceJob, states } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { type Answer, type Arrival, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

const telling = { publicUrl: PUBLIC_URL, secrets: { keys, signing: [] } }

async function start(databaseUrl: string, answer: Answer, options: PartsOptions = telling) {
  const receiver = await startReceiver(answer)
  const parts = await startParts(databaseUrl, options)
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  const create = async (...jobs: Partial<OnceJob>[]) => {
    await createOnceJobs(
      parts.pool,
      jobs.map((it) => ({ url: `${receiver.origin}/`, delivery: awaited, ...it })),
    )
    parts.dispatcher.wake()
  }
  const arrival = (n: number) => until(`request ${n}`, () => receiver.arrivals[n - 1])
  return { receiver, parts, create, arrival }
}

const awaited: StoredDelivery = { async: { timeoutSeconds: 300 } }
const briefly: StoredDelivery = { async: { timeoutSeconds: 0.2 }, retry: { minBackoffSeconds: 0.1, jitter: 0 } }

/** Once every 202 so far is written down. */
const allAwaited = (pool: Parameters<typeof ledger>[0], count: number) =>
  until('the 202 to be written down', async () => {
    const rows = await ledger(pool)
    return rows.filter((it) => it.reason === 'awaiting_ack').length === count && rows
  })

describe('a job whose receivers may take their time', () => {
  test('tells them where to say how it ended, each action by a URL of its own, and a job cannot say otherwise', async ({
    databaseUrl,
  }) => {
    const { create, arrival } = await start(databaseUrl, accept)
    await create({ delivery: { ...awaited, headers: [{ name: 'x-scheduler-ack-url', value: 'http://elsewhere/' }] } })
    const it = await arrival(1)
    for (const action of ['ack', 'nack', 'heartbeat'] as const) {
      const url = urlOf(it, action)
      expect(url).toMatchObject({ holds: true, signed: { action, executionId: it.id, attempt: 1 } })
      expect(url?.text.startsWith(`${PUBLIC_URL}/executions/${it.id}/${action}?attempt=1&signature=`)).toBe(true)
    }
  })

  test('is running until they say so, and then succeeded; the log has no signature', async ({ pool, databaseUrl }) => {
    const { create, arrival, parts } = await start(databaseUrl, accept)
    await create({})
    const it = await arrival(1)
    expect(await allAwaited(pool, 1)).toMatchObject([{ state: 'running', reason: 'awaiting_ack', attempt: 1 }])
    expect(await itemCount(pool)).toBe(0)
    await say(pool, it, 'heartbeat')
    await say(pool, it, 'ack')
    expect(await states(pool)).toEqual({ succeeded: 1 })
    expect(await attempts(pool)).toEqual([{ attempt: 1, outcome: 'succeeded', status: 202, error: null }])
    const line = parts.lines.find(({ msg }) => msg.startsWith('callback '))
    expect(line).toMatchObject({ msg: 'callback answered', outcome: 'accepted', status: 202, level: 30 })
    expect(JSON.stringify(parts.lines)).not.toMatch(/signature|ack-url/)
  })

  test('may say so before it answers', async ({ pool, databaseUrl }) => {
    const early = (it: Arrival) => say(pool, it, 'ack')
    const { create, receiver, parts } = await start(databaseUrl, (it, response, request) => {
      void early(it).then(() => accept(it, response, request))
    })
    await create({})
    await until('it to succeed', async () => (await states(pool)).succeeded === 1)
    await until('the answer to be written down', async () => (await attempts(pool))[0]?.status === 202)
    expect(await attempts(pool)).toEqual([{ attempt: 1, outcome: 'succeeded', status: 202, error: null }])
    await until('the item to be ended', async () => (await itemCount(pool)) === 0)
    expect([receiver.arrivals.length, parts.launcher.inFlight]).toEqual([1, 0])
  })

  test('gives its place to others meanwhile', async ({ pool, databaseUrl }) => {
    const one = { ...telling, concurrency: 1, destinationConcurrency: 1 }
    const { create, parts } = await start(databaseUrl, accept, one)
    await create({}, {}, {}, {}, {})
    await allAwaited(pool, 5)
    expect(parts.launcher.inFlight).toBe(0)
    expect(await parts.drain(1_000)).toEqual({ finished: true, unsettled: 0 })
  })

  test.for([
    ['200', 200, {}, 'succeeded'],
    ['500', 500, { retry: { limit: 0 } }, 'failed'],
    ['202, where that is no success', 202, { retry: { limit: 0 }, success: ['200'] }, 'failed'],
  ] as const)('is as any other when they answer %s', async ([, status, fields, state], { pool, databaseUrl }) => {
    const { create } = await start(databaseUrl, (_, response) => response.writeHead(status).end())
    await create({ delivery: { ...awaited, ...fields } as StoredDelivery })
    await until('its end', async () => (await states(pool))[state] === 1)
    expect(await ledger(pool)).toMatchObject([{ attempt: 1 }])
  })
})

test('who says nothing in time gets the next attempt, with URLs of its own; the circuit counts none of it', async ({
  pool,
  databaseUrl,
}) => {
  const { create, arrival, parts } = await start(databaseUrl, accept, { ...telling, failMax: 1 })
  await create({ delivery: briefly })
  const second = (await arrival(1)) && (await arrival(2))
  expect(second).toMatchObject({ attempt: 2, id: (await arrival(1)).id })
  expect(urlOf(second, 'ack')?.signed).toMatchObject({ attempt: 2 })
  await say(pool, second, 'ack')
  await expect(say(pool, await arrival(1), 'ack')).rejects.toMatchObject({ code: 'older-attempt' })
  expect(await states(pool)).toEqual({ succeeded: 1 })
  await until('both to be written down', async () => (await attempts(pool)).every((it) => it.status === 202))
  expect(await attempts(pool)).toEqual([
    { attempt: 1, outcome: 'timed_out', status: 202, error: 'ack_timeout' },
    { attempt: 2, outcome: 'succeeded', status: 202, error: null },
  ])
  expect(parts.lines.filter(({ msg }) => msg === 'callback not acknowledged')).toMatchObject([
    { executionId: second.id, attempt: 1, state: 'waiting', level: 40 },
  ])
  expect(await circuitChanges(pool)).toEqual([])
})

test('who says that it failed gets the next attempt; the circuit counts none of it', async ({ pool, databaseUrl }) => {
  const { create, arrival } = await start(databaseUrl, accept, { ...telling, failMax: 1 })
  await create({ delivery: { ...briefly, ...awaited } })
  const first = await arrival(1)
  await allAwaited(pool, 1)
  await say(pool, first, 'nack')
  await say(pool, await arrival(2), 'ack')
  expect(await states(pool)).toEqual({ succeeded: 1 })
  expect(await circuitChanges(pool)).toEqual([])
})

test.for([
  ['PUBLIC_URL', { secrets: { keys, signing: [] } }],
  ['keys', { publicUrl: PUBLIC_URL }],
])(
  'without %s nobody is told, a 202 is a success, and the log says so once',
  async ([, options], { pool, databaseUrl }) => {
    const { create, receiver, parts } = await start(databaseUrl, accept, options as PartsOptions)
    await create({}, {}, {})
    await until('their end', async () => (await states(pool)).succeeded === 3)
    expect(receiver.arrivals.map((it) => urlOf(it, 'ack'))).toEqual([null, null, null])
    expect(parts.lines.filter(({ msg }) => msg.startsWith('no PUBLIC_URL or no ENCRYPTION_KEYS'))).toHaveLength(1)
  },
)

test('any other job is told nothing, its 202 is a success, and the log has no complaint', async ({
  pool,
  databaseUrl,
}) => {
  const { create, receiver, parts } = await start(databaseUrl, accept, {})
  await create({ delivery: {} })
  await until('its end', async () => (await states(pool)).succeeded === 1)
  expect(receiver.arrivals.map((it) => urlOf(it, 'ack'))).toEqual([null])
  expect(parts.lines.filter(({ level }) => level > 30)).toEqual([])
})
