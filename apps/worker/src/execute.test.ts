import { test } from '@scheduler/db/test/database'
import { expect, onTestFinished } from 'vitest'
import { circuitChanges } from '../test/circuits.ts'
import { createOnceJobs, ledger, type OnceJob } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { type Answer, deadPort, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

async function start(databaseUrl: string, answer: Answer, options: PartsOptions = {}) {
  const receiver = await startReceiver(answer)
  const parts = await startParts(databaseUrl, options)
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  const create = async (...jobs: OnceJob[]) => {
    const ids = await createOnceJobs(parts.pool, jobs)
    parts.dispatcher.wake()
    return ids
  }
  return { receiver, parts, create }
}

const status =
  (code: number): Answer =>
  (_, response) =>
    response.writeHead(code).end('said')

type Said = [outcome: string, status: number | null, error: string | null, head: string | null]

test.for<[string, Answer, [string, string | null], Said]>([
  ['201', status(201), ['succeeded', null], ['succeeded', 201, null, 'said']],
  ['307', status(307), ['failed', 'rejected'], ['rejected', 307, null, 'said']],
  ['404', status(404), ['failed', 'rejected'], ['rejected', 404, null, 'said']],
  ['500', status(500), ['failed', 'rejected'], ['rejected', 500, null, 'said']],
  ['silence', () => {}, ['failed', 'timed_out'], ['timed_out', null, 'ETIMEDOUT', null]],
  [
    'a reset',
    (_, response) => response.destroy(),
    ['failed', 'unreachable'],
    ['unreachable', null, 'ECONNRESET', null],
  ],
] as const)(
  '%s: the execution, the attempt and the log say so, and agree',
  async ([, answer, state, said], { pool, databaseUrl }) => {
    const { receiver, parts, create } = await start(databaseUrl, answer, { timeoutMs: 300 })
    const [jobId] = await create({ url: `${receiver.origin}/` })
    const [row] = await until('its end', async () => {
      const rows = await ledger(pool)
      return ['succeeded', 'failed'].includes(rows[0]?.state ?? '') && rows
    })
    expect([row?.state, row?.reason, row?.attempt]).toEqual([...state, 1])
    const { rows } = await pool.query(`select *, finished_at >= started_at as in_order from attempts`)
    expect(rows).toHaveLength(1)
    const [outcome, code, error, head] = said
    const facts = { outcome, status: code, error, response_head: head }
    expect(rows[0]).toMatchObject({ ...facts, attempt: 1, job_version: 1, worker_id: parts.workerId, in_order: true })
    const line = parts.lines.find(({ msg }) => msg.startsWith('callback '))
    const isGood = outcome === 'succeeded'
    expect(line).toMatchObject({
      ...{ executionId: row?.id, jobId, attempt: 1, destination: receiver.origin, outcome, status: code },
      ...{ level: isGood ? 30 : 40, msg: isGood ? 'callback answered' : 'callback failed' },
      ...{ durationMs: expect.any(Number), lateMs: expect.any(Number) },
    })
    expect(line?.error ?? null).toBe(error)
  },
)

test('an attempt does not end before it began, although the clock was corrected meanwhile', async ({
  pool,
  databaseUrl,
}) => {
  const { receiver, parts, create } = await start(databaseUrl, (_, response) => {
    const aSecondAgo = new Date(parts.clock.now().getTime() - 1_000)
    parts.clock.observe(aSecondAgo, performance.now(), performance.now())
    response.end()
  })
  await create({ url: `${receiver.origin}/` })
  await until('its end', async () => (await ledger(pool))[0]?.state === 'succeeded')
  const { rows } = await pool.query('select finished_at >= started_at as in_order from attempts')
  expect(rows).toMatchObject([{ in_order: true }])
})

test('an address that is not allowed is never called, and does not count against its destination', async ({
  pool,
  databaseUrl,
}) => {
  const { parts, create } = await start(databaseUrl, status(200), { failMax: 1 })
  await create({ url: 'http://169.254.169.254/latest/meta-data' })
  await until('its end', async () => (await ledger(pool))[0]?.state === 'failed')
  expect(await ledger(pool)).toMatchObject([{ reason: 'blocked_destination', attempt: 1 }])
  const { rows } = await pool.query('select outcome, error from attempts')
  expect(rows).toEqual([{ outcome: 'blocked', error: 'blocked_destination' }])
  await parts.keeper.stop()
  expect(await circuitChanges(pool)).toEqual([])
})

test.for([
  ['404', status(404), []],
  ['429', status(429), ['open']],
  ['503', status(503), ['open']],
] as const)(
  'a %s answer opens the circuit only when it says something about the destination',
  async ([, answer, changes], { pool, databaseUrl }) => {
    const { receiver, parts, create } = await start(databaseUrl, answer as Answer, { failMax: 2 })
    await create({ url: `${receiver.origin}/1` }, { url: `${receiver.origin}/2` })
    await until('their end', async () => (await ledger(pool)).filter((it) => it.state === 'failed').length === 2)
    await parts.keeper.stop()
    expect((await circuitChanges(pool)).map(({ state }) => state)).toEqual(changes)
  },
)

test('the receiver is told which execution, which attempt and which occurrence, and gets the payload as it was given', async ({
  pool,
  databaseUrl,
}) => {
  const { receiver, create } = await start(databaseUrl, status(200))
  const payload = '{"b": 1, "a": [2,3],\n "big": 12345678901234567890, "nul": "\\u0000", "é": "😀"}'
  const [jobId] = await create({ url: `${receiver.origin}/path?query=1#fragment`, payload })
  const [arrival] = await until('it to arrive', () => receiver.arrivals.length > 0 && receiver.arrivals)
  const { rows } = await pool.query('select id, scheduled_for from executions')
  expect(arrival?.body.toString()).toBe(payload)
  expect(arrival?.path).toBe('/path?query=1')
  expect(arrival?.headers).toEqual({
    'content-type': 'application/json',
    'user-agent': 'scheduler/0.1',
    'webhook-id': rows[0]?.id,
    'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    'x-scheduler-job-id': jobId,
    'x-scheduler-scheduled-for': rows[0]?.scheduled_for.toISOString(),
    'x-scheduler-attempt': '1',
    host: `127.0.0.1:${receiver.port}`,
    'content-length': String(Buffer.byteLength(payload)),
    connection: 'keep-alive',
  })
})

test('what a refused connection says holds no address', async ({ pool, databaseUrl }) => {
  const { parts, create } = await start(databaseUrl, status(200))
  await create({ url: `http://127.0.0.1:${await deadPort()}/?secret` })
  await until('its end', async () => (await ledger(pool))[0]?.state === 'failed')
  const { rows } = await pool.query('select error, response_head from attempts')
  expect(rows).toEqual([{ error: 'ECONNREFUSED', response_head: null }])
  expect(JSON.stringify(parts.lines)).not.toContain('secret')
})
