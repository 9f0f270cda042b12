import { seal, signingContext } from '@scheduler/core/seal'
import { createDb, createPool, type Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { jobs, notifications } from '@scheduler/db/schema/index'
import { test } from '@scheduler/db/test/database'
import { notification } from '@scheduler/db/test/events'
import { ago, job } from '@scheduler/db/test/factories'
import { expect, onTestFinished } from 'vitest'
import { createLog } from '../test/log.ts'
import { isSignedWith, notificationsNow } from '../test/notified.ts'
import { type Answer, deadPort, holdBack, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { createCallbackClient } from './callback-client.ts'
import { startNotifier } from './notifier.ts'
import type { Secrets } from './secrets.ts'

const secret = (letter: string) => `whsec_${Buffer.from(letter.repeat(24)).toString('base64')}`
const keys = { list: [{ kid: 'k1', key: Buffer.alloc(32, 1) }] }

async function receiver(answer?: Answer) {
  const it = await startReceiver(answer)
  onTestFinished(it.close)
  return it
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(code, headers)
    response.end()
  }

/** A notifier over a pool of its own, as a worker has it. */
async function start(
  databaseUrl: string,
  options: { secrets?: Secrets; allowPrivate?: boolean; timeoutMs?: number } = {},
) {
  const { secrets = { keys, signing: [] }, allowPrivate = true, timeoutMs = 10_000 } = options
  const pool = createPool(databaseUrl, { max: 3, steadyPlans: true })
  const clock = createDbClock()
  await clock.refresh(pool)
  const client = createCallbackClient({ allowPrivate, allowCidrs: [], allowHosts: [] }, timeoutMs)
  const { log, lines } = createLog()
  const notifier = startNotifier({ pool, clock, client, secrets, log })
  onTestFinished(async () => {
    await notifier.stop(0)
    client.close()
    await pool.end()
  })
  return { notifier, lines }
}

const due = (url: string, fields: Partial<Parameters<typeof notification>[0]> = {}) =>
  notification({ url, nextAttemptAt: ago(1), ...fields })

const insert = async (pool: Pool, ...rows: ReturnType<typeof due>[]) =>
  void (await createDb(pool).insert(notifications).values(rows))

const states = async (pool: Pool) => (await notificationsNow(pool)).map(({ state }) => state).sort()

/** Makes the next attempt due, which is in seconds to hours. */
async function hurry(pool: Pool, notifier: { wake(): void }): Promise<void> {
  await pool.query(
    `update notifications set next_attempt_at = now() - interval '1 s' where next_attempt_at is not null`,
  )
  notifier.wake()
}

test('a notification is POSTed as it was written, with an id that stays, and its event', async ({
  databaseUrl,
  pool,
}) => {
  const here = await receiver(status(500))
  const one = due(`${here.origin}/hook?key=1`)
  await insert(pool, one)
  const { notifier } = await start(databaseUrl)
  await until('the first attempt', async () => (await notificationsNow(pool))[0]?.status === 500)
  here.answer = status(204)
  await hurry(pool, notifier)
  await until('the delivery', async () => (await states(pool))[0] === 'delivered')

  expect(here.arrivals).toHaveLength(2)
  for (const arrival of here.arrivals) {
    expect(arrival).toMatchObject({ id: one.id, path: '/hook?key=1' })
    expect(arrival.body.toString()).toBe(one.body)
    expect(arrival.headers).toMatchObject({
      ...{ 'content-type': 'application/json', 'user-agent': 'scheduler/0.1', 'x-scheduler-event': 'job.failing' },
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    })
    expect(arrival.headers).not.toHaveProperty('webhook-signature')
  }
  expect(await notificationsNow(pool)).toMatchObject([{ attempt: 2, status: 204, error: null, dueInMs: null }])
})

test('it is signed with the secrets of its job, one for the instance with the instance’s', async ({
  databaseUrl,
  pool,
}) => {
  const here = await receiver()
  const row = job()
  const sealed = [seal(keys, signingContext(row.id as string), secret('j'))]
  const without = job()
  await createDb(pool)
    .insert(jobs)
    .values([{ ...row, delivery: { signing: sealed } }, without])
  const [own, all, plain] = ['/own', '/all', '/plain'].map((path) => due(`${here.origin}${path}`))
  if (!own || !all || !plain) throw new Error('three are needed')
  await insert(
    pool,
    { ...own, jobId: row.id },
    { ...all, jobId: row.id, toInstance: true },
    { ...plain, jobId: without.id },
  )
  await start(databaseUrl, { secrets: { keys, signing: [secret('i')] } })
  await until('all', () => here.arrivals.length === 3)

  const signed = (path: string, letter: string) => here.of(path).every((it) => isSignedWith(secret(letter), it))
  expect([signed('/own', 'j'), signed('/own', 'i')]).toEqual([true, false])
  expect([signed('/all', 'i'), signed('/all', 'j')]).toEqual([true, false])
  expect(signed('/plain', 'i')).toBe(true)
})

test('one whose secret can’t be opened here is not sent unsigned: it is tried again', async ({ databaseUrl, pool }) => {
  const here = await receiver()
  const row = job({ delivery: { signing: ['v1:lost:AA:AA:AA'] } })
  await createDb(pool).insert(jobs).values(row)
  await insert(pool, { ...due(`${here.origin}/`), jobId: row.id as string })
  const { lines } = await start(databaseUrl)
  await until('the attempt', async () => (await notificationsNow(pool))[0]?.error === 'ERR_SECRET_SEALED')
  expect(await notificationsNow(pool)).toMatchObject([{ state: 'pending', attempt: 1 }])
  expect(here.arrivals).toEqual([])
  expect(lines.find(({ msg }) => msg === 'secret not opened')).toMatchObject({ level: 50, jobId: row.id })
})

test('what is refused is attempted eight times more, ever later, then given up', async ({ databaseUrl, pool }) => {
  // Another status each time, so that it shows which attempt's outcome is written.
  const here = await receiver((_, response) => {
    response.statusCode = 500 + here.arrivals.length
    response.end()
  })
  await insert(pool, due(`${here.origin}/`))
  const { notifier, lines } = await start(databaseUrl)
  const waits: number[] = []
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    const now = await until(`the outcome of attempt ${attempt}`, async () => {
      const [it] = await notificationsNow(pool)
      return it?.status === 500 + attempt && it
    })
    waits.push(now.dueInMs as number)
    await hurry(pool, notifier)
  }
  await until('the end', async () => (await states(pool))[0] === 'failed')
  expect(here.arrivals).toHaveLength(9)
  expect(new Set(here.arrivals.map(({ id }) => id)).size).toBe(1)
  expect(await notificationsNow(pool)).toMatchObject([{ attempt: 9, status: 509, dueInMs: null }])
  const seconds = [10, 30, 90, 270, 810, 2_430, 3_600, 3_600]
  for (const [i, least] of seconds.entries()) {
    expect(waits[i], `after attempt ${i + 1}`).toBeGreaterThan(least * 1_000 - 5_000)
    expect(waits[i], `after attempt ${i + 1}`).toBeLessThanOrEqual(least * 1_200)
  }
  expect(lines.filter(({ isLast }) => isLast)).toHaveLength(1)
})

test.for([
  [410, {}, 'failed', null],
  [503, { 'retry-after': '700' }, 'pending', 700_000],
] as const)('an answer %i with %j leaves it %s', async ([code, headers, state, inMs], { databaseUrl, pool }) => {
  const here = await receiver(status(code, headers))
  await insert(pool, due(`${here.origin}/`))
  await start(databaseUrl)
  const now = await until('the outcome', async () => {
    const [it] = await notificationsNow(pool)
    return it?.status === code && it
  })
  expect(now.state).toBe(state)
  if (inMs) expect(now.dueInMs).toBeGreaterThan(inMs - 5_000)
})

test('an address that callbacks may not go to is not called', async ({ databaseUrl, pool }) => {
  const here = await receiver()
  await insert(pool, due(`${here.origin}/`))
  await start(databaseUrl, { allowPrivate: false })
  await until('its end', async () => (await states(pool))[0] === 'failed')
  expect(await notificationsNow(pool)).toMatchObject([{ error: 'blocked_destination', attempt: 1 }])
  expect(here.arrivals).toEqual([])
})

test('a receiver that hangs has two at a time, a dead one is left alone, and neither delays the others', async ({
  databaseUrl,
  pool,
}) => {
  const [hung, here] = [await receiver(() => {}), await receiver()]
  const dead = `http://127.0.0.1:${await deadPort()}/`
  const many = (url: string) => Array.from({ length: 100 }, () => due(url, { nextAttemptAt: ago(900) }))
  await insert(
    pool,
    ...many(`${hung.origin}/`),
    ...many(dead),
    ...Array.from({ length: 30 }, () => due(`${here.origin}/`)),
  )
  await start(databaseUrl)
  await until('all of the others', () => here.arrivals.length === 30, 5_000)
  expect([hung.arrivals.length, hung.mostOpen]).toEqual([2, 2])
  expect(here.mostOpen).toBeLessThanOrEqual(2)
  await until('the dead one to be found dead', async () => {
    const all = await notificationsNow(pool)
    return all.filter(({ error }) => error === 'ECONNREFUSED').length === 100
  })
})

test('while eight receivers hang, a healthy one is told within a second', async ({ databaseUrl, pool }) => {
  const hung = await Promise.all(Array.from({ length: 8 }, () => receiver(() => {})))
  const here = await receiver()
  await insert(pool, ...hung.flatMap(({ origin }) => Array.from({ length: 20 }, () => due(`${origin}/`))))
  const { notifier } = await start(databaseUrl)
  await until('each of them to hang', () => hung.every(({ open }) => open === 2))
  await insert(pool, due(`${here.origin}/`))
  notifier.wake()
  await until('the healthy one to be told', () => here.arrivals.length === 1, 1_000)
})

test('a receiver whose last attempt failed has one at a time until it is told again', async ({ databaseUrl, pool }) => {
  const [here, other] = [await receiver(status(500)), await receiver()]
  const gate = holdBack()
  await insert(pool, due(`${here.origin}/`))
  const { notifier } = await start(databaseUrl)
  await until('the failure', async () => (await notificationsNow(pool))[0]?.status === 500)
  here.answer = gate.answer
  await insert(pool, ...Array.from({ length: 4 }, () => due(`${here.origin}/`)))
  notifier.wake()
  await until('the next', () => here.open === 1)
  // Once another is told, what there was a place for is on its way.
  await insert(pool, due(`${other.origin}/`))
  notifier.wake()
  await until('another to be told', () => other.arrivals.length === 1)
  expect(here.mostOpen).toBe(1)

  gate.release()
  await until('the rest', () => here.arrivals.length === 5)
})

test('however many destinations hang, each has its turn', async ({ databaseUrl, pool }) => {
  const all = await Promise.all(Array.from({ length: 55 }, () => receiver(() => {})))
  const [last, ...hung] = all.toSorted((a, b) => (a.origin < b.origin ? 1 : -1))
  if (!last) throw new Error('one is needed')
  last.answer = status(200)
  const many = hung.flatMap(({ origin }) => Array.from({ length: 20 }, () => due(`${origin}/`)))
  await insert(pool, ...many, due(`${last.origin}/`), due(`${last.origin}/`))
  await start(databaseUrl, { timeoutMs: 300 })
  await until('the last to be called', () => last.arrivals.length === 2, 5_000)
})

test('a notifier that is stopped breaks off what is in flight after its time, uncounted, for another to send', async ({
  databaseUrl,
  pool,
}) => {
  const here = await receiver(() => {})
  await insert(pool, due(`${here.origin}/`))
  const { notifier } = await start(databaseUrl)
  await until('the request', () => here.open === 1)
  const since = performance.now()
  await notifier.stop(50)
  expect(performance.now() - since).toBeLessThan(2_000)
  expect(await notificationsNow(pool)).toMatchObject([{ state: 'pending', attempt: 0, status: null }])

  here.answer = status(200)
  await start(databaseUrl)
  await until('the delivery', async () => (await states(pool))[0] === 'delivered')
})

test('no log line holds more of a URL than its origin', async ({ databaseUrl, pool }) => {
  const here = await receiver(status(500))
  await insert(pool, due(`${here.origin}/SECRET?SECRET`))
  const { lines } = await start(databaseUrl)
  await until('the line', () => lines.length > 0)
  expect(JSON.stringify(lines)).not.toContain('SECRET')
})
