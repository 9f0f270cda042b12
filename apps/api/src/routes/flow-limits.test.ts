import { describe, expect } from 'vitest'
import { test } from '../../test/api.ts'

const HERE = encodeURIComponent('https://here.example')
const none = { rate: null, concurrency: null, paused: false }

describe('the limits of a destination', () => {
  test('are set, listed and lifted', async ({ api }) => {
    const limits = { rate: { count: 10, per_seconds: 0.5 }, concurrency: 5, paused: true }
    const put = await api.call('PUT', `/destinations/${HERE}`, limits)
    expect(put).toMatchObject({ status: 200, body: { destination: 'https://here.example', ...limits } })
    expect(put.body).toMatchObject({ parked: 0, in_flight: 0 })
    expect((await api.call('GET', '/destinations')).body).toEqual([put.body])

    expect(await api.call('DELETE', `/destinations/${HERE}`)).toMatchObject({ status: 200 })
    expect((await api.call('GET', '/destinations')).body).toEqual([])
    expect(await api.call('DELETE', `/destinations/${HERE}`)).toMatchObject({ status: 200 })
  })

  test('are replaced as a whole: what is left out is not limited', async ({ api }) => {
    await api.call('PUT', `/destinations/${HERE}`, { rate: { count: 10, per_seconds: 1 }, paused: true })
    const { body } = await api.call('PUT', `/destinations/${HERE}`, { concurrency: 3 })
    expect(body).toMatchObject({ ...none, concurrency: 3 })
    expect((await api.call('PUT', `/destinations/${HERE}`, none)).body).toMatchObject({ ...none, in_flight: null })
    expect((await api.call('GET', '/destinations')).body).toEqual([])
  })

  test('belong to the origin, however it is written', async ({ api }) => {
    const put = await api.call('PUT', `/destinations/${encodeURIComponent('HTTPS://Here.example:443/')}`, {
      concurrency: 1,
    })
    expect(put.body.destination).toBe('https://here.example')
  })

  test.for([
    'here.example',
    'ftp://here.example',
    'https://here.example/path',
    'https://here.example/?q',
    'https://u:p@here.example',
    'https://here.example#x',
    'https://here.example/%00',
    'x',
    '🎉',
  ])('%j is no origin', async (destination, { api }) => {
    for (const method of ['PUT', 'DELETE']) {
      const path = `/destinations/${encodeURIComponent(destination)}`
      const refused = await api.call(method, path, method === 'PUT' ? { concurrency: 1 } : undefined)
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'destination' }] } })
    }
  })

  test.for([
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 10_001 }],
    ['concurrency', { concurrency: 1.5 }],
    ['rate.count', { rate: { count: 0, per_seconds: 1 } }],
    ['rate.count', { rate: { count: 100_001, per_seconds: 1 } }],
    ['rate.per_seconds', { rate: { count: 1, per_seconds: 0.09 } }],
    ['rate.per_seconds', { rate: { count: 1, per_seconds: 604_801 } }],
    ['rate.per_seconds', { rate: { count: 1 } }],
    ['rate.burst', { rate: { count: 1, per_seconds: 1, burst: 2 } }],
    ['paused', { paused: null }],
    ['pause', { pause: true }],
  ] as const)('%s out of its bounds is refused: %j', async ([path, body], { api }) => {
    const refused = await api.call('PUT', `/destinations/${HERE}`, body)
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path }] } })
  })

  test('come in pages', async ({ api }) => {
    for (const n of [3, 1, 2]) {
      await api.call('PUT', `/destinations/${encodeURIComponent(`https://${n}.example`)}`, { concurrency: n })
    }
    const first = await api.call('GET', '/destinations?limit=2')
    expect(first.body).toMatchObject([{ concurrency: 1 }, { concurrency: 2 }])
    const next = /<(.+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect((await api.call('GET', next)).body).toMatchObject([{ concurrency: 3 }])
    expect(await api.call('GET', '/flow-keys?cursor=bm9uc2Vuc2U')).toMatchObject({ status: 422 })
  })

  test('a destination whose circuit is known is listed beside them', async ({ api, pool }) => {
    await pool.query(
      `insert into destinations (destination, state, opened_at, updated_at) values ('https://down.example', 'open', now(), now())`,
    )
    const { body } = await api.call('GET', '/destinations')
    expect(body).toEqual([
      { destination: 'https://down.example', ...none, parked: 0, parked_is_lower_bound: false, in_flight: null },
    ])
  })
})

describe('the limits of a flow key', () => {
  test('are set, listed and lifted, whatever characters it has', async ({ api }) => {
    const key = 'tenant/17 %🎉'
    const path = `/flow-keys/${encodeURIComponent(key)}`
    const put = await api.call('PUT', path, { concurrency: 2 })
    expect(put.body).toMatchObject({ flow_key: key, concurrency: 2, in_flight: 0 })
    expect((await api.call('GET', '/flow-keys')).body).toEqual([put.body])
    expect((await api.call('GET', '/destinations')).body).toEqual([])
    await api.call('DELETE', path)
    expect((await api.call('GET', '/flow-keys')).body).toEqual([])
  })

  test('that no job can have is refused', async ({ api }) => {
    for (const key of ['a'.repeat(201), 'a\u0000b', 'a\nb']) {
      const refused = await api.call('PUT', `/flow-keys/${encodeURIComponent(key)}`, { concurrency: 1 })
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'key' }] } })
    }
  })
})

test('a new rate counts from the attempt that began last', async ({ api, pool }) => {
  const next = async () =>
    Math.round((await pool.query('select extract(epoch from next_at - now()) as s from flow_limits')).rows[0].s)
  const path = `/destinations/${HERE}`
  await api.call('PUT', path, { rate: { count: 1, per_seconds: 604_800 } })
  await pool.query(`update flow_limits set next_at = now() + interval '1 week'`)
  await api.call('PUT', path, { rate: { count: 1, per_seconds: 60 } })
  expect(await next()).toBe(60)
})
