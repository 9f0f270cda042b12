import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { createSigner, signingFault } from './sign.ts'

const secret = (byte: number, length = 32) => `whsec_${Buffer.alloc(length, byte).toString('base64')}`
const sentAt = new Date()
const headersOf = (signature: string, changes = {}) => ({
  'webhook-id': 'id-1',
  'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
  'webhook-signature': signature,
  ...changes,
})

test('a signature is HMAC-SHA256 of id, seconds and body, in base64, after v1', () => {
  const signed = `id-1.${Math.floor(sentAt.getTime() / 1_000)}.{"é":1}`
  const expected = createHmac('sha256', Buffer.alloc(32, 1)).update(signed).digest('base64')
  expect(createSigner([secret(1)])('id-1', sentAt, '{"é":1}')).toBe(`v1,${expected}`)
})

describe('a receiver that verifies', () => {
  const signature = createSigner([secret(1), secret(2)])('id-1', sentAt, '{"a":1}')

  test.for([1, 2])('accepts it with either secret: number %i', (byte) => {
    expect(new Webhook(secret(byte)).verify('{"a":1}', headersOf(signature))).toEqual({ a: 1 })
  })

  test.for([
    ['another secret', secret(3), '{"a":1}', {}],
    ['another body', secret(1), '{"a":2}', {}],
    ['another id', secret(1), '{"a":1}', { 'webhook-id': 'id-2' }],
    ['another time', secret(1), '{"a":1}', { 'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000) - 1) }],
  ] as const)('refuses it with %s', ([, key, body, changes]) => {
    expect(() => new Webhook(key).verify(body, headersOf(signature, changes))).toThrow('No matching signature')
  })
})

test.for([
  [secret(1, 24), true],
  [secret(1, 64), true],
  [secret(1, 23), false],
  [secret(1, 65), false],
  [secret(1).slice(6), false],
  ['whsec_', false],
  ['whsec_!!!', false],
  ['', false],
] as const)('%s is a signing secret: %s', ([text, is]) => {
  expect(signingFault(text) === null).toBe(is)
})

test('what is wrong with a secret is said without it', () => {
  expect(signingFault('hunter2')).not.toContain('hunter2')
})
