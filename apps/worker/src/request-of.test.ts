import type { StoredDelivery } from '@scheduler/core/delivery'
import { headerContext, readKeys, seal, signingContext } from '@scheduler/core/seal'
import { createSigner } from '@scheduler/core/sign'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import { describe, expect, test } from 'vitest'
import { requestOf } from './request-of.ts'
import type { Secrets } from './secrets.ts'

const jobId = '0199a1b2-0000-7000-8000-00000000000a'
const sentAt = new Date()
const keys = readKeys([`k1:${Buffer.alloc(32, 1).toString('base64')}`])
const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`
const signed = (bytes: number[], body = '{"a":1}') =>
  createSigner(bytes.map(secret))('0199a1b2-0000-7000-8000-00000000000e', sentAt, body)
const none: Secrets = { keys: { list: [] }, signing: [] }

const claim = (delivery: StoredDelivery | null, payload = '{"a":1}') =>
  ({
    executionId: '0199a1b2-0000-7000-8000-00000000000e',
    ...{ jobId, attempt: 1, scheduledFor: sentAt, callbackUrl: 'http://receiver.test/', payload, delivery },
  }) as Claim

describe('a job that says nothing of it', () => {
  test('is a POST of its payload, with nothing that the client would have to be told', () => {
    const { headers, ...rest } = requestOf(claim(null), sentAt, none)
    expect(rest).toEqual({ url: 'http://receiver.test/', body: '{"a":1}' })
    expect(Object.keys(headers)).not.toContain('webhook-signature')
  })
})

test('method, timeout and success are as the job says, and its headers in place of the usual ones', () => {
  const delivery: StoredDelivery = {
    ...{ method: 'PUT', timeoutSeconds: 60, success: ['204'] },
    headers: [
      { name: 'content-type', value: 'text/plain' },
      { name: 'authorization', sealed: seal(keys, headerContext(jobId, 'authorization'), 'Bearer x') },
    ],
  }
  const request = requestOf(claim(delivery, 'plain text'), sentAt, { ...none, keys })
  expect(request).toMatchObject({ method: 'PUT', timeoutMs: 60_000, success: ['204'], body: 'plain text' })
  expect(request.headers).toMatchObject({ 'content-type': 'text/plain', authorization: 'Bearer x' })
})

test.for(['GET', 'HEAD'] as const)(
  '%s has no body and no content-type, and the signature is of an empty one',
  (method) => {
    const { body, headers } = requestOf(claim({ method }, '{}'), sentAt, { ...none, signing: [secret(1)] })
    expect(body).toBeNull()
    expect(headers).not.toHaveProperty('content-type')
    expect(headers['webhook-signature']).toBe(signed([1], ''))
  },
)

describe('signatures', () => {
  const own: StoredDelivery = { signing: [2, 3].map((it) => seal(keys, signingContext(jobId), secret(it))) }

  test.for([
    ["the instance's, where the job has none", null, [1]],
    ["the job's own and no other, each of both", own, [2, 3]],
  ] as const)('are %s', ([, delivery, expected]) => {
    const { headers } = requestOf(claim(delivery), sentAt, { keys, signing: [secret(1)] })
    expect(headers['webhook-signature']).toBe(signed([...expected]))
  })
})

test.for([
  ['a header', { headers: [{ name: 'x', sealed: seal(keys, headerContext(jobId, 'x'), 'hunter2') }] }],
  ['a header of another job', { headers: [{ name: 'x', sealed: seal(keys, headerContext('other', 'x'), 'hunter2') }] }],
  ['a header of another name', { headers: [{ name: 'x', sealed: seal(keys, headerContext(jobId, 'y'), 'hunter2') }] }],
  ['a signing secret', { signing: [seal(keys, signingContext(jobId), secret(1))] }],
] as [string, StoredDelivery][])('%s that does not open makes no request', ([what, delivery]) => {
  const secrets = what.includes('another') ? { ...none, keys } : none
  expect(() => requestOf(claim(delivery), sentAt, secrets)).toThrow(
    expect.objectContaining({ name: 'SealError', message: expect.not.stringContaining('hunter2') }),
  )
})
