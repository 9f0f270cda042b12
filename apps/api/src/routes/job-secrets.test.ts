import { headerContext, keyIdOf, readKeys, signingContext, unseal } from '@scheduler/core/seal'
import { describe, expect } from 'vitest'
import { type Answered, type Api, test as base, daily } from '../../test/api.ts'

const key = (kid: string, byte: number) => `${kid}:${Buffer.alloc(32, byte).toString('base64')}`
const keys = readKeys([key('k1', 1)])
const signing = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`

const test = base.override('api', async ({ api }: { api: Api }) => {
  api.deps.settings.keys = keys
  return api
})

const pathsOf = ({ body }: Answered) => body.errors?.map((it: { path: string }) => it.path) ?? []
const create = async (api: Api, fields: object, query = '') =>
  await api.call('POST', `/jobs/interval${query}`, { ...daily, ...fields })

async function storedOf({ deps }: Api, id: string) {
  const { rows } = await deps.pool.query('select delivery from jobs where id = $1', [id])
  return rows[0].delivery
}

describe('a secret header', () => {
  test('is kept sealed for its job and its name, and shown as ***', async ({ api }) => {
    const { status, body } = await create(api, { headers: { 'X-Tenant': { secret: 'acme' }, plain: 'open' } })
    expect([status, body.headers]).toEqual([201, { 'x-tenant': '***', plain: 'open' }])
    const [plain, { name, sealed, value }] = (await storedOf(api, body.job_id)).headers
    expect(plain).toEqual({ name: 'plain', value: 'open' })
    expect([name, value]).toEqual(['x-tenant', undefined])
    expect(unseal(keys, headerContext(body.job_id, 'x-tenant'), sealed)).toBe('acme')
  })

  test.for([
    'authorization',
    'Authorization',
    'cookie',
    'x-api-key',
    'X-Auth-Token',
    'client-secret',
    'x-password',
    'x-hub-signature-256',
    'my-apikey',
  ])('%s is one, though given as a plain string', async (name, { api }) => {
    const { body } = await create(api, { headers: { [name]: 'hunter2' } })
    expect(body.headers).toEqual({ [name.toLowerCase()]: '***' })
    expect(JSON.stringify(await storedOf(api, body.job_id))).not.toContain('hunter2')
  })

  test('stays where *** is sent back, in either form, by PATCH and PUT', async ({ api }) => {
    const { job_id } = (await create(api, { headers: { authorization: 'one', 'x-a': 'a' } })).body
    const before = await storedOf(api, job_id)
    for (const method of ['PATCH', 'PUT']) {
      for (const authorization of ['***', { secret: '***' }]) {
        const { body } = await api.call(method, `/jobs/${job_id}`, { headers: { authorization, 'x-a': 'a' } })
        expect(body.version).toBe(1)
      }
    }
    expect(await storedOf(api, job_id)).toEqual(before)
  })

  test.for([
    ['a create', 'POST', '/jobs/interval', { ...daily, headers: { authorization: '***' } }],
    ['a header that is not there', 'PATCH', '/jobs/$id', { headers: { 'x-token': '***' } }],
    ['a header that is not secret', 'PATCH', '/jobs/$id', { headers: { plain: '***' } }],
  ] as const)('*** of %s is refused', async ([, method, path, given], { api }) => {
    const { job_id } = (await create(api, { headers: { authorization: 'one', plain: 'a' } })).body
    const answer = await api.call(method, path.replace('$id', job_id), given)
    expect([answer.status, pathsOf(answer)]).toEqual([422, [`headers.${Object.keys(given.headers)[0]}`]])
  })

  test('becomes another, becomes a plain one, or goes, as it is told', async ({ api }) => {
    const { job_id } = (await create(api, { headers: { authorization: 'one', 'x-a': { secret: 's' } } })).body
    const patch = { headers: { authorization: 'two', 'x-a': 'plain' } }
    expect((await api.call('PATCH', `/jobs/${job_id}`, patch)).body.headers).toEqual({
      authorization: '***',
      'x-a': 'plain',
    })
    const [{ sealed }] = (await storedOf(api, job_id)).headers
    expect(unseal(keys, headerContext(job_id, 'authorization'), sealed)).toBe('two')
    const gone = await api.call('PATCH', `/jobs/${job_id}`, { headers: { authorization: null } })
    expect(gone.body.headers).toEqual({ 'x-a': 'plain' })
  })

  test('counts with its own length towards the size of all', async ({ api }) => {
    const secrets = (n: number) =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [`token-${i}`, 'a'.repeat(4_000)]))
    const { job_id } = (await create(api, { headers: secrets(4) })).body
    expect(pathsOf(await api.call('PATCH', `/jobs/${job_id}`, { headers: { x: 'a'.repeat(400) } }))).toEqual([
      'headers',
    ])
    expect((await api.call('PATCH', `/jobs/${job_id}`, { headers: { x: 'a'.repeat(300) } })).status).toBe(200)
  })
})

describe('signing secrets', () => {
  test('are kept sealed, and only counted in the answer', async ({ api }) => {
    const { body } = await create(api, { signing_secrets: [signing(1), signing(2)] })
    expect(body.signing).toEqual({ secrets: 2 })
    const { signing: stored } = await storedOf(api, body.job_id)
    const opened = stored.map((it: string) => unseal(keys, signingContext(body.job_id), it))
    expect(opened).toEqual([signing(1), signing(2)])
  })

  test('written again keep their ciphertext, also behind a new one', async ({ api }) => {
    const { job_id } = (await create(api, { signing_secrets: [signing(1)] })).body
    const [first] = (await storedOf(api, job_id)).signing
    const again = await api.call('PATCH', `/jobs/${job_id}`, { signing_secrets: [signing(1)] })
    expect(again.body.version).toBe(1)
    await api.call('PUT', `/jobs/${job_id}`, { signing_secrets: [signing(2), signing(1)] })
    expect((await storedOf(api, job_id)).signing[1]).toBe(first)
    const gone = await api.call('PATCH', `/jobs/${job_id}`, { signing_secrets: null })
    expect(gone.body.signing).toEqual({ secrets: 0 })
  })
})

describe('an upsert', () => {
  const fields = {
    external_id: 'e',
    headers: { authorization: 'one', b: '2', a: '1' },
    signing_secrets: [signing(1)],
    retry: { limit: 5 },
    body: 'x',
    flow_key: 'k',
  }

  test('of the same body leaves the job as it is', async ({ api }) => {
    const { job_id } = (await create(api, fields)).body
    const before = await storedOf(api, job_id)
    const { status, body } = await create(api, fields, '?upsert=true')
    expect([status, body.version, body.job_id]).toEqual([200, 1, job_id])
    expect(await storedOf(api, job_id)).toEqual(before)
  })

  test('that leaves all of it out takes it away; *** keeps a secret', async ({ api }) => {
    const { job_id } = (await create(api, fields)).body
    const kept = { external_id: 'e', headers: { authorization: '***' } }
    expect((await create(api, kept, '?upsert=true')).body.headers).toEqual({ authorization: '***' })
    await create(api, { external_id: 'e' }, '?upsert=true')
    expect(await storedOf(api, job_id)).toBeNull()
  })

  test('seals anew what no key opens any more', async ({ api }) => {
    const { job_id } = (await create(api, fields)).body
    api.deps.settings.keys = readKeys([key('k2', 2)])
    const { status } = await create(api, fields, '?upsert=true')
    expect(status).toBe(200)
    const { headers, signing: secrets } = await storedOf(api, job_id)
    expect([keyIdOf(headers[1].sealed), keyIdOf(secrets[0])]).not.toContain('k1')
  })
})

test('each job of a batch has its secrets sealed for itself', async ({ api }) => {
  const element = { type: 'interval', ...daily, headers: { authorization: 'one' }, signing_secrets: [signing(1)] }
  const { body } = await api.call('POST', '/jobs/batch', [element, element])
  for (const { job_id } of body.results) {
    const stored = await storedOf(api, job_id)
    expect(unseal(keys, headerContext(job_id, 'authorization'), stored.headers[0].sealed)).toBe('one')
    expect(unseal(keys, signingContext(job_id), stored.signing[0])).toBe(signing(1))
  }
})

describe('without', () => {
  test.for([
    ['headers.Authorization', { headers: { Authorization: 'one' } }],
    ['headers.x-a', { headers: { 'x-a': { secret: 'one' } } }],
    ['signing_secrets', { signing_secrets: [signing(1)] }],
  ] as const)('ENCRYPTION_KEYS, %s is refused, and it says what to set', async ([path, fields], { api }) => {
    api.deps.settings.keys = { list: [] }
    const answer = await create(api, fields)
    expect([answer.status, pathsOf(answer)]).toEqual([422, [path]])
    expect(answer.body.detail).toContain('ENCRYPTION_KEYS')
  })

  test.for([
    [[], null, 'PUBLIC_URL and ENCRYPTION_KEYS'],
    [[], 'http://p', 'set ENCRYPTION_KEYS'],
    [keys.list, null, 'set PUBLIC_URL'],
  ] as const)('what it needs, async is refused: %j, %s', async ([list, publicUrl, said], { api }) => {
    Object.assign(api.deps.settings, { keys: { list }, publicUrl })
    const answer = await create(api, { async: {} })
    expect([answer.status, pathsOf(answer)]).toEqual([422, ['async']])
    expect(answer.body.detail).toContain(said)
  })

  test('nothing missing, async has its default, and null takes it away', async ({ api }) => {
    api.deps.settings.publicUrl = 'http://p'
    const { body } = await create(api, { async: {} })
    expect(body.async).toEqual({ timeout_seconds: 300 })
    const path = `/jobs/${body.job_id}`
    expect((await api.call('PATCH', path, { async: { timeout_seconds: 9 } })).body.async).toEqual({
      timeout_seconds: 9,
    })
    expect((await api.call('PATCH', path, { async: null })).body.async).toBeNull()
  })
})
