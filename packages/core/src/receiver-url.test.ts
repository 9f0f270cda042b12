import { createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { isSignedBy, receiverActions, receiverKeys, receiverUrl, type Signed } from './receiver-url.ts'
import { readKeys } from './seal.ts'

const entry = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`
const [older, newer] = [entry('k1'), entry('k2')]
const keys = receiverKeys(readKeys([newer, older]))
const [key] = keys as [Buffer]
const signed: Signed = { action: 'ack', executionId: '01a209c7-d590-75aa-826e-dce769f61448', attempt: 2 }

const signatureOf = (it: Signed, by = key) =>
  new URL(receiverUrl('https://x.example', by, it)).searchParams.get('signature') ?? ''

test('a URL names what it is for, and what it is signed with is HMAC-SHA256 of that', () => {
  const signature = createHmac('sha256', key).update(`ack.${signed.executionId}.2`).digest('base64url')
  expect(receiverUrl('https://x.example/base', key, signed)).toBe(
    `https://x.example/base/executions/${signed.executionId}/ack?attempt=2&signature=${signature}`,
  )
})

test('it holds for its own action, execution and attempt, and for no other', () => {
  expect(isSignedBy(keys, signed, signatureOf(signed))).toBe(true)
  expect(isSignedBy(keys, { ...signed, executionId: signed.executionId.toUpperCase() }, signatureOf(signed))).toBe(true)
  for (const action of receiverActions.filter((it) => it !== 'ack')) {
    expect(isSignedBy(keys, { ...signed, action }, signatureOf(signed)), action).toBe(false)
  }
  for (const attempt of [1, 3, 20, 22])
    expect(isSignedBy(keys, { ...signed, attempt }, signatureOf(signed))).toBe(false)
  const executionId = signed.executionId.replace('8', '9')
  expect(isSignedBy(keys, { ...signed, executionId }, signatureOf(signed))).toBe(false)
})

test('each key verifies, one that is not known does not, and without keys nothing holds', () => {
  const [before] = receiverKeys(readKeys([older])) as [Buffer]
  const [foreign] = receiverKeys(readKeys([entry('k2')])) as [Buffer]
  expect(isSignedBy(keys, signed, signatureOf(signed, before))).toBe(true)
  expect(isSignedBy(keys, signed, signatureOf(signed, foreign))).toBe(false)
  expect(isSignedBy([], signed, signatureOf(signed))).toBe(false)
})

test.for(['', '=', '%', 'x'.repeat(43), 'x'.repeat(10_000)])('%s is no signature', (text) => {
  expect(isSignedBy(keys, signed, text)).toBe(false)
})

test('every changed, missing or added character makes it invalid', () => {
  const good = signatureOf(signed)
  // The last character of 43 holds four bits: the others of its sixteen stand for the same bytes in sloppy decoders.
  for (let i = 0; i < good.length - 1; i += 1) {
    const bad = good.slice(0, i) + (good[i] === 'A' ? 'B' : 'A') + good.slice(i + 1)
    expect(isSignedBy(keys, signed, bad), bad).toBe(false)
    expect(isSignedBy(keys, signed, good.slice(0, i)), `cut at ${i}`).toBe(false)
  }
})
