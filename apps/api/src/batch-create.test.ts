import { DUE_CHANNEL } from '@scheduler/db/notify'
import { describe, expect, onTestFinished } from 'vitest'
import { type Api, daily, once, test } from '../test/api.ts'
import { readBatch } from './batch-create.ts'

const callback_url = 'http://example.com/a'
const each = {
  once: { type: 'once', ...once },
  interval: { type: 'interval', ...daily },
  cron: { type: 'cron', cron: '0 9 * * MON', callback_url, timezone: 'Asia/Tokyo' },
  rrule: { type: 'rrule', rrule: 'DTSTART:20260101T080000\nRRULE:FREQ=DAILY', callback_url },
}

const create = (api: Api, body: unknown, path = '/jobs/batch') => api.call('POST', path, body)
const count = async (api: Api) => (await api.deps.pool.query('select count(*)::int as n from jobs')).rows[0].n
const own = { job_id: '', created_at: '', updated_at: '' }

test('jobs of every type, with every field, are what single creates make of them', async ({ api }) => {
  const full = {
    ...{
      name: 'n"\\\n'.slice(0, 3),
      external_id: 'x,{}',
      tags: ['a "b"', 'c,d', '{e}', 'NULL'],
      jitter: 9,
      max_runs: 3,
    },
    ...{ payload: { text: 'é\u0000"\\', list: [1, null] }, misfire: { policy: 'all', max: 5 }, overlap: 'allow' },
    ...{ dst: { fold: 'second' }, blackouts: [{ from: '2030-01-01T00:00:00', to: '2030-01-02T00:00:00' }] },
  }
  const bodies = [...Object.values(each), ...Object.values(each).map((it) => ({ ...it, ...full }))]
  const { status, body } = await create(api, bodies)
  expect(status).toBe(200)
  expect(body.results).toHaveLength(8)
  for (const [i, { type, ...fields }] of bodies.entries()) {
    expect(body.results[i]).toEqual({ status: 201, job_id: expect.any(String) })
    const single = await api.call('POST', type === 'once' ? '/jobs' : `/jobs/${type}`, fields)
    const batched = await api.call('GET', `/jobs/${body.results[i].job_id}`)
    // Jitter depends on the id.
    const times = { ...own, ...('jitter' in fields && { effective_at: '' }) }
    expect({ ...batched.body, ...times }).toEqual({ ...single.body, ...times })
  }
})

test('one that is refused is answered as a single create would be, and does not hurt its neighbours', async ({
  api,
}) => {
  const bad = [
    { ...each.interval, days: 0 },
    { ...each.once, schedule_time: '2020-01-01T00:00:00' },
    { ...each.cron, cron: 'x', callback_url: 'ftp://a', color: 'red' },
  ]
  const { body } = await create(
    api,
    bad.flatMap((it) => [each.once, it]),
  )
  expect(body.results.map(({ status }: { status: number }) => status)).toEqual([201, 422, 201, 400, 201, 422])
  for (const [i, { type, ...fields }] of bad.entries()) {
    const single = await api.call('POST', type === 'once' ? '/jobs' : `/jobs/${type}`, fields)
    const { instance: _instance, ...problem } = single.body
    expect(body.results[i * 2 + 1]).toEqual(problem)
  }
  expect(await count(api)).toBe(3)
})

test('an element that is no job, or of no known type, is told so', async ({ api }) => {
  const { body } = await create(api, [7, null, {}, { ...each.once, type: 'often' }, [each.once]])
  expect(body.results).toMatchObject(Array(5).fill({ status: 422, type: '/problems/validation-failed' }))
  expect(body.results[0].errors).toEqual([{ path: '', message: 'must be a JSON object, not 7' }])
  for (const i of [2, 3]) {
    expect(body.results[i].errors).toEqual([{ path: 'type', message: 'must be one of once, interval, cron, rrule' }])
  }
  expect(await count(api)).toBe(0)
})

describe('422 for the whole, and nothing is created', () => {
  test.for([
    ['an object', each.once, ''],
    ['no element', [], ''],
    ['more than 10,000', Array(10_001).fill(each.once), ''],
    [
      'a number that would change',
      `[${JSON.stringify(each.once)}, {"payload": {"n": 9007199254740993}}]`,
      '1.payload.n',
    ],
  ] as const)('%s', async ([_what, sent, path], { api }) => {
    const { status, body } = await create(api, sent)
    expect([status, body.errors[0].path]).toEqual([422, path])
    expect(await count(api)).toBe(0)
  })

  test('an empty body, and upsert, which it does not know', async ({ api }) => {
    expect((await create(api, '')).body.detail).toBe('The body is empty; send a JSON array.')
    const { status, body } = await create(api, [each.once], '/jobs/batch?upsert=true')
    expect([status, body.errors[0].path]).toEqual([422, 'upsert'])
  })
})

test('413 for more than 32 MiB', async ({ api }) => {
  const { status, body } = await create(api, `["${'x'.repeat(32 * 1024 * 1024)}"]`)
  expect([status, body.type]).toEqual([413, '/problems/body-too-large'])
})

test('the dispatchers are woken once, when one is due within a second', async ({ api }) => {
  const client = await api.deps.pool.connect()
  onTestFinished(() => client.release(true))
  const told: string[] = []
  await client.query(`listen ${DUE_CHANNEL}; listen over`)
  const over = new Promise<void>((resolve) => {
    client.on('notification', ({ channel }) => (channel === 'over' ? resolve() : told.push(channel)))
  })
  const soon = (ms: number) => ({ ...each.interval, start_date: new Date(Date.now() + ms).toISOString() })
  await create(api, [each.once])
  await create(
    api,
    Array.from({ length: 600 }, (_, i) => soon(300 + i)),
  )
  await api.deps.pool.query('notify over')
  await over
  expect(told).toEqual([DUE_CHANNEL])
})

test('checking lets others have their turn', async ({ api }) => {
  let over = false
  let turns = 0
  const turn = () => {
    turns += 1
    if (!over) setImmediate(turn)
  }
  turn()
  const { jobs } = await readBatch(Array(5_000).fill(each.rrule), new Date(), api.deps)
  over = true
  expect(jobs).toHaveLength(5_000)
  expect(turns).toBeGreaterThan(10)
})

test('ten thousand in one go, in their order; other requests are answered meanwhile', { timeout: 30_000 }, async ({
  api,
}) => {
  const bodies = Array.from({ length: 10_000 }, (_, i) =>
    i % 1_000 === 999 ? { type: 'cron' } : { ...Object.values(each)[i % 4], name: `job ${i}`, tags: ['many'] },
  )
  const text = JSON.stringify(bodies)
  let over = false
  let longest = 0
  const began = performance.now()
  const batch = create(api, text).finally(() => {
    over = true
  })
  let asked = 0
  while (!over) {
    const since = performance.now()
    await api.call('GET', '/jobs?limit=1')
    longest = Math.max(longest, performance.now() - since)
    asked += 1
  }
  const { body } = await batch
  console.log(
    `10,000 creates: ${Math.round(performance.now() - began)} ms; of ${asked} other requests meanwhile the slowest took ${Math.round(longest)} ms`,
  )
  expect(body.results).toHaveLength(10_000)
  expect(asked).toBeGreaterThan(10)
  const { rows } = await api.deps.pool.query('select id, name from jobs order by id')
  const created = body.results.flatMap(({ job_id }: { job_id?: string }, i: number) =>
    job_id ? [{ id: job_id, name: `job ${i}` }] : [],
  )
  expect(rows).toEqual(created)
  expect(created).toHaveLength(9_990)
})
