import { expect, test } from 'vitest'
import { HeadersInput, HeadersPatch, headerNameFault, isSecretHeader } from './header-fields.ts'

test.for([
  'authorization',
  'Cookie',
  'x-api-key',
  'X-ApiKey',
  'x_api_key',
  'x-csrf-token',
  'client-secret',
  'x-signature',
])('%s is kept secret whatever the client says', (name) => expect(isSecretHeader(name)).toBe(true))

test.for(['accept', 'x-author', 'x-tenant', 'content-type', 'x-cookies-eaten', 'idempotency-key'])(
  '%s is not, unless the client says so',
  (name) => expect(isSecretHeader(name)).toBe(false),
)

test.for(['host', 'Content-Length', 'TE', 'proxy-connection', 'webhook-signature', 'X-Scheduler-Ack-Url'])(
  '%s is ours',
  (name) => expect(headerNameFault(name)).toContain('sets itself'),
)

test.for(['', 'a b', 'a:b', 'ü', 'a\r\nb', 'a'.repeat(129)])('%j is no name', (name) => {
  expect(headerNameFault(name)).toContain('must be a header name')
})

test.for(['hosts', 'x-host', 'te2', 'x-proxy', 'x-webhook-id', "!#$%&'*+.^_`|~0-9A"])(
  '%s is one that a job may have',
  (name) => {
    expect(headerNameFault(name)).toBeNull()
  },
)

test('a patch takes headers away with null, a create has none to take away', () => {
  expect(HeadersPatch.safeParse({ 'x-a': null }).success).toBe(true)
  expect(HeadersInput.safeParse({ 'x-a': null }).success).toBe(false)
  expect(HeadersPatch.safeParse({ host: null }).success).toBe(false)
})

test.for([{ 'x-a': 'hunter2\n' }, { 'x-b': { secret: 'hunter2\0' } }, { 'x-c': { secret: 4_711 } }, { 'x-d': 4_711 }])(
  'what is wrong with a value is said without it: %#',
  (headers) => {
    const { error } = HeadersInput.safeParse(headers)
    expect(error?.issues).toHaveLength(1)
    expect(JSON.stringify(error?.issues)).not.toMatch(/hunter2|4711/)
  },
)
