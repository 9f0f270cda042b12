import { describe, expect } from 'vitest'
import { type Answered, type Api, daily, once, test } from '../../test/api.ts'
import { plainDelivery } from '../delivery-example.ts'

const pathsOf = ({ body }: Answered) => body.errors?.map((it: { path: string }) => it.path) ?? []
const create = async (api: Api, fields: object) => await api.call('POST', '/jobs/interval', { ...daily, ...fields })

async function storedOf({ deps }: Api, { body }: Answered) {
  const { rows } = await deps.pool.query('select delivery, payload, flow_key from jobs where id = $1', [body.job_id])
  return rows[0]
}

test('a job that says nothing of it stores nothing, and shows every default', async ({ api }) => {
  const answer = await create(api, {})
  expect(answer.body).toMatchObject(plainDelivery)
  expect(await storedOf(api, answer)).toEqual({ delivery: null, payload: '{}', flow_key: null })
})

test('what is given as the default is says nothing either', async ({ api }) => {
  const { body: _body, flow_key: _key, signing: _signing, ...given } = plainDelivery
  const answer = await create(api, given)
  expect(answer.body).toMatchObject(plainDelivery)
  expect((await storedOf(api, answer)).delivery).toBeNull()
})

describe('is stored as it is given, and shown', () => {
  test.for([
    ['method', { method: 'PUT' }, { method: 'PUT' }],
    [
      'headers',
      { headers: { 'X-B': 'b', 'x-a': '' } },
      {
        headers: [
          { name: 'x-a', value: '' },
          { name: 'x-b', value: 'b' },
        ],
      },
    ],
    ['timeout_seconds', { timeout_seconds: 900 }, { timeoutSeconds: 900 }],
    ['success', { success: ['204', '200-202', '4xx'] }, { success: ['204', '200-202', '4xx'] }],
    ['a part of retry', { retry: { limit: 0, factor: 2 } }, { retry: { limit: 0 } }],
    [
      'all of retry',
      {
        retry: {
          ...{ limit: 100, min_backoff_seconds: 86_400, max_backoff_seconds: 604_800 },
          ...{ factor: 1.5, jitter: 0, max_age_seconds: 60, stop_at_next: true },
        },
      },
      {
        retry: {
          ...{ limit: 100, minBackoffSeconds: 86_400, maxBackoffSeconds: 604_800 },
          ...{ factor: 1.5, jitter: 0, maxAgeSeconds: 60, stopAtNext: true },
        },
      },
    ],
    ['pause_after_failures', { pause_after_failures: 1 }, { pauseAfter: 1 }],
    ['notify', { notify: { url: 'http://e.com/n' } }, { notify: { url: 'http://e.com/n' } }],
    [
      'events of notify',
      { notify: { url: 'http://e.com/n', events: ['job.paused', 'job.paused'] } },
      { notify: { url: 'http://e.com/n', events: ['job.paused'] } },
    ],
  ] as const)('%s', async ([, given, stored], { api }) => {
    const answer = await create(api, given)
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    expect((await storedOf(api, answer)).delivery).toEqual(stored)
    const read = await api.call('GET', `/jobs/${answer.body.job_id}`)
    expect(read.body).toEqual(answer.body)
  })

  test('flow_key, in its own column', async ({ api }) => {
    const answer = await create(api, { flow_key: 'tenant-17' })
    expect(await storedOf(api, answer)).toMatchObject({ flow_key: 'tenant-17', delivery: null })
    expect(answer.body.flow_key).toBe('tenant-17')
    const { body } = await api.call('PATCH', `/jobs/${answer.body.job_id}`, { flow_key: null })
    expect(body).toMatchObject({ flow_key: null, version: 2 })
  })
})

const many = (n: number, value: string) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`x-${i}`, value]))
const refusedNames = ['Host', 'content-length', 'Transfer-Encoding', 'connection', 'keep-alive', 'upgrade', 'te']
const moreRefused = [
  'trailer',
  'expect',
  'proxy-authorization',
  'webhook-id',
  'webhook-anything',
  'x-scheduler-attempt',
]

const bad: [string, object][] = [
  ['method', { method: 'TRACE' }],
  ['method', { method: 'get' }],
  ['body', { body: 'a', payload: { a: 1 } }],
  ['payload', { method: 'GET', payload: { a: 1 } }],
  ['body', { method: 'HEAD', body: 'a' }],
  ['headers', { headers: 'x: y' }],
  ...[...refusedNames, ...moreRefused].map(
    (name) => [`headers.${name}`, { headers: { [name]: 'x' } }] as [string, object],
  ),
  ['headers.a b', { headers: { 'a b': 'x' } }],
  ['headers.', { headers: { '': 'x' } }],
  ['headers.ü', { headers: { ü: 'x' } }],
  ['headers.x-a', { headers: { 'X-A': '1', 'x-a': '2' } }],
  ['headers.x', { headers: { x: 'a\r\nhost: evil' } }],
  ['headers.x', { headers: { x: 'ü' } }],
  ['headers.x', { headers: { x: 5 } }],
  ['headers.x', { headers: { x: null } }],
  ['headers.x', { headers: { x: { secret: 5 } } }],
  ['headers.x.other', { headers: { x: { secret: 'a', other: 'b' } } }],
  ['headers.x', { headers: { x: 'a'.repeat(4_097) } }],
  ['headers', { headers: many(31, 'a') }],
  ['headers', { headers: many(5, 'a'.repeat(4_000)) }],
  ['timeout_seconds', { timeout_seconds: 0 }],
  ['timeout_seconds', { timeout_seconds: 901 }],
  ['timeout_seconds', { timeout_seconds: '10' }],
  ['success', { success: [] }],
  ['success', { success: Array.from({ length: 21 }, () => '2xx') }],
  ['success.0', { success: ['6xx'] }],
  ['success.1', { success: ['2xx', '299-200'] }],
  ['success.0', { success: [200] }],
  ['retry.limit', { retry: { limit: 101 } }],
  ['retry.limit', { retry: { limit: 1.5 } }],
  ['retry.min_backoff_seconds', { retry: { min_backoff_seconds: 0 } }],
  ['retry.max_backoff_seconds', { retry: { max_backoff_seconds: 604_801 } }],
  ['retry.max_backoff_seconds', { retry: { max_backoff_seconds: 9 } }],
  ['retry.max_backoff_seconds', { retry: { min_backoff_seconds: 3_601 } }],
  ['retry.factor', { retry: { factor: 0.9 } }],
  ['retry.jitter', { retry: { jitter: 1.1 } }],
  ['retry.max_age_seconds', { retry: { max_age_seconds: 59 } }],
  ['retry.stop_at_next', { retry: { stop_at_next: 'yes' } }],
  ['retry', { retry: null }],
  ['pause_after_failures', { pause_after_failures: 0 }],
  ['pause_after_failures', { pause_after_failures: 1_001 }],
  ['async.timeout_seconds', { async: { timeout_seconds: 86_401 } }],
  ['async', { async: true }],
  ['notify.url', { notify: {} }],
  ['notify.url', { notify: { url: 'ftp://e.com' } }],
  ['notify.url', { notify: { url: 'http://169.254.169.254/' } }],
  ['notify.events', { notify: { url: 'http://e.com', events: [] } }],
  ['notify.events.0', { notify: { url: 'http://e.com', events: ['job.lost'] } }],
  ['flow_key', { flow_key: '' }],
  ['flow_key', { flow_key: 'a'.repeat(201) }],
  ['signing_secrets', { signing_secrets: [] }],
  ['signing_secrets.0', { signing_secrets: ['whsec_short'] }],
  ['signing_secrets.0', { signing_secrets: [5] }],
]

describe('is refused by name', () => {
  test.for(bad.map(([path, fields], i) => [i + 1, path, fields] as const))(
    'number %i, %s',
    async ([, path, fields], { api }) => {
      const answer = await create(api, fields)
      expect([answer.status, pathsOf(answer)]).toEqual([422, [path]])
      const { body } = await api.call('POST', '/jobs/batch', [{ type: 'interval', ...daily, ...fields }])
      expect(body.results).toMatchObject([{ status: 422, errors: [{ path }] }])
    },
  )

  test('a private address to notify, where the instance calls none', async ({ api }) => {
    api.deps.settings.targetPolicy = { allowPrivate: false, allowCidrs: [], allowHosts: [] }
    expect(pathsOf(await create(api, { notify: { url: 'http://127.0.0.1/' } }))).toEqual(['notify.url'])
  })
})

describe('a raw body', () => {
  const xml = '<a>\n\t"é" 😀</a>'

  test('is stored as it is, shown as `body`, and goes when a payload comes', async ({ api }) => {
    const answer = await create(api, { body: xml, headers: { 'content-type': 'text/xml' } })
    expect(answer.body).toMatchObject({ body: xml, payload: {} })
    expect(await storedOf(api, answer)).toMatchObject({ payload: xml, delivery: { raw: true } })
    const path = `/jobs/${answer.body.job_id}`
    const patched = await api.call('PATCH', path, { payload: { a: 1 }, headers: null })
    expect(patched.body).toMatchObject({ body: null, payload: { a: 1 }, headers: {} })
    expect(await storedOf(api, patched)).toMatchObject({ payload: '{"a":1}', delivery: null })
  })

  test('takes the place of a payload, and null takes it away', async ({ api }) => {
    const { job_id } = (await api.call('POST', '/jobs', { ...once, payload: { a: 1 } })).body
    const put = await api.call('PUT', `/jobs/${job_id}`, { body: '' })
    expect(put.body).toMatchObject({ body: '', payload: {} })
    const other = await api.call('PUT', `/jobs/${job_id}`, { name: 'n' })
    expect(other.body).toMatchObject({ body: '', payload: {} })
    expect((await api.call('PATCH', `/jobs/${job_id}`, { body: null })).body).toMatchObject({ body: null, payload: {} })
  })

  test('of more than 256 KiB is refused', async ({ api }) => {
    const big = { type: 'interval', ...daily, body: 'é'.repeat(131_073) }
    const { body } = await api.call('POST', '/jobs/batch', [big])
    expect(body.results).toMatchObject([{ status: 422, errors: [{ path: 'body' }] }])
  })
})

describe('an edit', () => {
  test('to a method without a body is refused while there is a payload, and taken once there is none', async ({
    api,
  }) => {
    const { job_id } = (await create(api, { payload: { a: 1 } })).body
    const refused = await api.call('PATCH', `/jobs/${job_id}`, { method: 'GET' })
    expect([refused.status, pathsOf(refused)]).toEqual([422, ['method']])
    const { body } = await api.call('PATCH', `/jobs/${job_id}`, { method: 'GET', payload: null })
    expect(body).toMatchObject({ method: 'GET', payload: {} })
    expect(pathsOf(await api.call('PATCH', `/jobs/${job_id}`, { payload: { a: 1 } }))).toEqual(['payload'])
  })

  test('merges with PATCH, and replaces with PUT', async ({ api }) => {
    const fields = {
      ...{ headers: { a: '1', b: '2' }, retry: { limit: 5, factor: 3 } },
      notify: { url: 'http://e.com/n', events: ['job.paused'] },
    }
    const { job_id } = (await create(api, fields)).body
    const patch = { headers: { A: null, c: '3' }, retry: { limit: null, jitter: 0 }, notify: { events: null } }
    const patched = (await api.call('PATCH', `/jobs/${job_id}`, patch)).body
    expect(patched).toMatchObject({ retry: { limit: 3, factor: 3, jitter: 0 }, notify: { url: 'http://e.com/n' } })
    expect(patched.headers).toEqual({ b: '2', c: '3' })
    expect(patched.notify.events).toHaveLength(7)
    const put = (await api.call('PUT', `/jobs/${job_id}`, { headers: { d: '4' }, retry: { limit: 9 } })).body
    expect(put.headers).toEqual({ d: '4' })
    expect(put.retry).toMatchObject({ limit: 9, factor: 2, jitter: 0.2 })
    expect(put.notify.url).toBe('http://e.com/n')
  })

  test('of each part to null takes it back to its default', async ({ api }) => {
    const fields = {
      ...{ method: 'PUT', headers: { a: '1' }, timeout_seconds: 60, success: ['204'], retry: { limit: 1 } },
      ...{ pause_after_failures: 3, notify: { url: 'http://e.com' }, flow_key: 'k', body: 'b' },
    }
    const answer = await create(api, fields)
    const nothing = Object.fromEntries(Object.keys({ ...fields, async: 1, signing_secrets: 1 }).map((it) => [it, null]))
    const { body } = await api.call('PATCH', `/jobs/${answer.body.job_id}`, nothing)
    expect(body).toMatchObject({ ...plainDelivery, payload: {} })
    expect(await storedOf(api, answer)).toEqual({ delivery: null, payload: '{}', flow_key: null })
  })

  test('that gives what is there changes nothing', async ({ api }) => {
    const fields = { headers: { b: '2', a: '1' }, retry: { limit: 5 }, body: 'x', timeout_seconds: 20 }
    const { job_id } = (await create(api, fields)).body
    const { body } = await api.call('PATCH', `/jobs/${job_id}`, { ...fields, headers: { a: '1' } })
    expect(body.version).toBe(1)
  })

  test('shows in a dry run, which stores nothing', async ({ api }) => {
    const { job_id } = (await create(api, {})).body
    const dry = await api.call('PATCH', `/jobs/${job_id}?dry_run=true`, { headers: { a: '1' }, method: 'PUT' })
    expect(dry.body.job).toMatchObject({ method: 'PUT', headers: { a: '1' } })
    expect((await api.call('GET', `/jobs/${job_id}`)).body).toMatchObject({ ...plainDelivery, version: 1 })
  })
})
