import { describe, expect } from 'vitest'
import { startApi, test } from '../test/api.ts'

const keys = ['first-key-0123456789', 'second-key']

describe('401 unauthorized', () => {
  test.for<[string, Record<string, string>]>([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic Zmlyc3Qta2V5' }],
    ['no token', { authorization: 'Bearer ' }],
    ['another key', { authorization: 'Bearer nope' }],
    ['the beginning of a key', { authorization: 'Bearer first-key' }],
    ['a key and more', { authorization: 'Bearer first-key-01234567890' }],
    ['both keys', { authorization: `Bearer ${keys.join(',')}` }],
  ])('%s', async ([, headers], { pool }) => {
    const api = await startApi(pool, { apiKeys: keys })
    for (const [method, path] of [
      ['GET', '/jobs'],
      ['POST', '/jobs'],
      ['GET', '/circuits'],
      ['POST', '/callback/test'],
      ['GET', '/nowhere'],
      ['GET', '/healthy'],
      ['GET', '/openapi.json/x'],
    ] as const) {
      const answer = await api.call(method, path, undefined, headers)
      expect([path, answer.status, answer.body.type]).toEqual([path, 401, '/problems/unauthorized'])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
    await api.close()
  })
})

test('each of the keys opens, in any case of the scheme', async ({ pool }) => {
  const api = await startApi(pool, { apiKeys: keys })
  for (const authorization of [`Bearer ${keys[0]}`, `bearer ${keys[1]}`]) {
    expect((await api.call('GET', '/jobs', undefined, { authorization })).status).toBe(200)
  }
  await api.close()
})

test('health, docs and openapi.json need no key', async ({ pool }) => {
  const api = await startApi(pool, { apiKeys: keys })
  for (const path of ['/health', '/health/live', '/health/ready', '/docs/', '/docs/swagger-ui.css', '/openapi.json']) {
    expect([path, (await api.call('GET', path)).status]).not.toEqual([path, 401])
  }
  await api.close()
})
