import type { Pool } from '@scheduler/db/client'
import { describe, expect } from 'vitest'
import { daily, test } from '../../test/api.ts'

const HERE = 'https://a.example'
const path = (destination = HERE) => `/circuits/${encodeURIComponent(destination)}`

const never = {
  state: 'closed',
  failures: 0,
  opened_at: null,
  retry_at: null,
  drain_order: 'oldest',
  draining_since: null,
}

async function insert(pool: Pool, destination: string, fields: string): Promise<void> {
  await pool.query(`insert into destinations (destination, updated_at, state, failures, opened_at, retry_at, probe_until)
    values ('${destination}', now(), ${fields})`)
}

describe('GET /circuits', () => {
  test('lists those that failed, by name, and those that have something parked', async ({ api, pool }) => {
    await insert(pool, HERE, `'open', 5, '2026-01-01T00:00:02Z', '2026-01-01T00:01:02Z', null`)
    await insert(pool, 'https://b.example', `'half_open', 6, '2026-01-01T00:00:03Z', null, '2026-01-01T00:00:20Z'`)
    await insert(pool, 'https://c.example', `'open', 0, '2026-01-01T00:00:04Z', null, null`)
    const { body: job } = await api.call('POST', '/jobs/interval', { ...daily, callback_url: 'https://p.example/' })
    for (let i = 0; i < 2; i += 1) await api.call('POST', `/jobs/${job.job_id}/run`)
    await pool.query(`update executions set state = 'parked', reason = 'circuit_open', next_attempt_at = now()`)
    const opened = (second: number) => `2026-01-01T00:00:0${second}+00:00`
    const all = [
      {
        ...never,
        destination: HERE,
        state: 'open',
        failures: 5,
        opened_at: opened(2),
        retry_at: '2026-01-01T00:01:02+00:00',
      },
      {
        destination: 'https://b.example',
        state: 'half_open',
        failures: 6,
        opened_at: opened(3),
        retry_at: '2026-01-01T00:00:20+00:00',
      },
      { destination: 'https://c.example', state: 'open', failures: 0, opened_at: opened(4), retry_at: null },
      { destination: 'https://p.example', state: 'closed', parked: 2 },
    ]
    expect((await api.call('GET', '/circuits')).body).toMatchObject(all)
    for (const one of all) expect((await api.call('GET', path(one.destination))).body).toMatchObject(one)
  })

  test('they come in pages, in order of name', async ({ api, pool }) => {
    for (const name of ['c', 'a', 'b']) await insert(pool, `https://${name}.example`, `'closed', 1, null, null, null`)
    const first = await api.call('GET', '/circuits?limit=2')
    const next = /<(.+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const second = await api.call('GET', next)
    const names = [...first.body, ...second.body].map((it: { destination: string }) => it.destination.at(8))
    expect([names, second.headers.get('link')]).toEqual([['a', 'b', 'c'], null])
  })

  test('one that never failed is closed', async ({ api }) => {
    expect((await api.call('GET', path('https://never.example'))).body).toEqual({
      ...{ ...never, destination: 'https://never.example', parked: 0, parked_is_lower_bound: false },
    })
  })
})

describe('by hand', () => {
  test('a circuit is opened without an end, or for so many seconds, closed on the brink, and reset', async ({
    api,
  }) => {
    const opened = await api.call('POST', `${path()}/open`)
    expect([opened.status, opened.body]).toMatchObject([200, { destination: HERE, state: 'open', retry_at: null }])
    const { body: timed } = await api.call('POST', `${path()}/open`, { seconds: 60 })
    expect(Date.parse(timed.retry_at) - Date.now()).toBeGreaterThan(50_000)
    expect(timed.opened_at, 'it stays open since then').toBe(opened.body.opened_at)
    const { body: closed } = await api.call('POST', `${path()}/close`, {})
    expect(closed).toMatchObject({ state: 'closed', failures: 4, opened_at: null, draining_since: expect.any(String) })
    expect((await api.call('POST', `${path()}/reset`)).body).toMatchObject({ state: 'closed', failures: 0 })
    const { body: changes } = await api.call('GET', `${path()}/changes?convert_to=GMT%2B7`)
    expect(changes.map((it: { cause: string }) => it.cause)).toEqual(['reset', 'closed', 'opened', 'opened'])
    expect(changes[0].at).toMatch(/\+07:00$/)
  })

  test('the history comes in pages', async ({ api }) => {
    for (let n = 0; n < 3; n += 1) await api.call('POST', `${path()}/open`)
    const first = await api.call('GET', `${path()}/changes?limit=2`)
    expect(first.body).toHaveLength(2)
    const next = /<(.+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const second = await api.call('GET', next)
    expect([second.body.length, second.headers.get('link')]).toEqual([1, null])
  })

  test('the order in which it is drained is kept', async ({ api }) => {
    const { body } = await api.call('PUT', path(), { drain_order: 'newest' })
    expect(body).toMatchObject({ state: 'closed', drain_order: 'newest' })
    await api.call('POST', `${path()}/open`)
    await api.call('POST', `${path()}/close`)
    expect((await api.call('GET', path())).body.drain_order).toBe('newest')
  })

  test('an origin is one however it is written', async ({ api }) => {
    await api.call('POST', `${path('https://A.example:443/')}/open`)
    expect((await api.call('GET', path())).body.state).toBe('open')
  })

  test.for([
    ['GET', 'a.example', ''],
    ['GET', 'https://a.example/path', ''],
    ['POST', 'https://a.example?x=1', '/open'],
    ['POST', 'ftp://a.example', '/close'],
    ['POST', 'https://user@a.example', '/reset'],
    ['GET', 'https://', '/changes'],
  ])(
    '%s of what is no origin (%s) is a 422 that says so',
    async ([method = '', destination = '', action = ''], { api }) => {
      const { status, body } = await api.call(
        method,
        `${path(destination)}${action}`,
        method === 'POST' ? {} : undefined,
      )
      expect([status, body.errors]).toMatchObject([422, [{ path: 'destination' }]])
    },
  )

  test.for([
    ['POST', '/open', { seconds: 0 }, 'seconds'],
    ['POST', '/open', { seconds: '60' }, 'seconds'],
    ['POST', '/close', { seconds: 60 }, 'seconds'],
    ['PUT', '', { drain_order: 'random' }, 'drain_order'],
    ['PUT', '', {}, 'drain_order'],
  ] as const)('%s %s with a bad body is a 422 that names the field', async ([method, action, sent, field], { api }) => {
    const { status, body } = await api.call(method, `${path()}${action}`, sent)
    expect([status, body.errors]).toMatchObject([422, [{ path: field }]])
  })
})
