import { describe, expect, test } from 'vitest'
import {
  deriveKeys,
  headerContext,
  keyIdOf,
  readKeys,
  seal,
  sealedBytes,
  sealOrKeep,
  signingContext,
  unseal,
} from './seal.ts'

const bytes = (byte: number) => Buffer.alloc(32, byte).toString('base64')
const [old, young] = [`k1:${bytes(1)}`, `k2:${bytes(2)}`]
const keys = readKeys([old])
const context = headerContext('job', 'authorization')

describe('a sealed secret', () => {
  const sealed = seal(keys, context, 'hunter2 é')

  test('opens for what it was sealed for, and shows nothing of itself', () => {
    expect(unseal(keys, context, sealed)).toBe('hunter2 é')
    expect(sealed).toMatch(/^v1:k1(:[\w-]+){3}$/)
    expect(Buffer.from(sealed.split(':')[4] ?? '', 'base64url').toString()).not.toContain('hunter')
    expect([keyIdOf(sealed), sealedBytes(sealed)]).toEqual(['k1', Buffer.byteLength('hunter2 é')])
  })

  test('is another each time', () => {
    expect(seal(keys, context, 'hunter2 é')).not.toBe(sealed)
  })

  test.for([
    ['another job', headerContext('other', 'authorization')],
    ['another header', headerContext('job', 'cookie')],
    ['another purpose', signingContext('job')],
  ])('does not open for %s', ([, other = '']) => {
    expect(() => unseal(keys, other, sealed)).toThrow(/does not open/)
  })

  test('opens under the key that sealed it, wherever that stands in the list', () => {
    expect(unseal(readKeys([young, old]), context, sealed)).toBe('hunter2 é')
    expect(keyIdOf(seal(readKeys([young, old]), context, 'x'))).toBe('k2')
  })

  test('whose key is not there is refused by the id of the key', () => {
    expect(() => unseal(readKeys([young]), context, sealed)).toThrow('the key k1 is not among ENCRYPTION_KEYS')
    expect(() => unseal(readKeys([`k1:${bytes(9)}`]), context, sealed)).toThrow('sealed with the key k1 does not open')
  })

  test.for([0, 1, 2, 3, 4])('with part %i changed does not open, and the error says nothing of it', (part) => {
    const parts = sealed.split(':')
    parts[part] = `${parts[part]?.startsWith('A') ? 'B' : 'A'}${parts[part]?.slice(1)}`
    expect(() => unseal(keys, context, parts.join(':'))).toThrow(
      expect.objectContaining({ name: 'SealError', message: expect.not.stringContaining('hunter') }),
    )
  })

  test.for(['', 'v1', 'hunter2', 'v1:k1:a:b', 'v1:k1:a:b:c'])('%j is none', (text) => {
    expect(() => unseal(keys, context, text)).toThrow(expect.objectContaining({ name: 'SealError' }))
  })

  test('stays as it is when the same secret is written again, under an old key too', () => {
    const both = readKeys([young, old])
    expect(sealOrKeep(both, context, 'hunter2 é', ['v1:gone:a:b:c', sealed])).toBe(sealed)
    expect(unseal(both, context, sealOrKeep(both, context, 'other', [sealed]))).toBe('other')
    expect(keyIdOf(sealOrKeep(readKeys([young]), context, 'hunter2 é', [sealed]))).toBe('k2')
  })
})

test('without keys nothing is sealed', () => {
  expect(() => seal({ list: [] }, context, 'x')).toThrow('there is no key to seal with')
})

describe('ENCRYPTION_KEYS', () => {
  test.for([
    [[bytes(1)], /entry 1 must begin with a key id/],
    [[old, 'k2'], /entry 2/],
    [[`k 1:${bytes(1)}`], /entry 1/],
    [['k1:c2hvcnQ='], /the key k1 must be 32 bytes/],
    [[old, `k1:${bytes(2)}`], /the key id k1 is given twice/],
  ] as const)('%# is refused without showing a key', ([entries, message]) => {
    const read = () => readKeys(entries)
    expect(read).toThrow(message)
    expect(read).not.toThrow(bytes(1))
  })
})

test('keys of another purpose differ by purpose and by key, and are always the same', () => {
  const derive = (purpose: string) => deriveKeys(readKeys([young, old]), purpose).map((it) => it.toString('hex'))
  expect(new Set([...derive('a'), ...derive('b'), Buffer.alloc(32, 1).toString('hex')]).size).toBe(5)
  expect(derive('a')).toEqual(derive('a'))
})
