import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, expect } from 'vitest'
import { readKeys } from '../../packages/core/src/seal.ts'
import { openKeys } from './keys.ts'

// biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are wanted
const test = base.extend('dataDir', async ({}, { onCleanup }) => {
  const dir = mkdtempSync(join(tmpdir(), 'scheduler-keys-'))
  onCleanup(() => rmSync(dir, { recursive: true }))
  return join(dir, 'data')
})

test('a key is made once, kept where only its owner reads it, and found again', ({ dataDir }) => {
  const made = openKeys({ ENCRYPTION_KEYS: ' ' }, dataDir)
  expect(readKeys([made.value]).list).toHaveLength(1)
  expect(made.file).toBe(join(dataDir, 'encryption-keys'))
  expect(statSync(made.file ?? '').mode & 0o777).toBe(0o600)
  expect(readFileSync(made.file ?? '', 'utf8').trim()).toBe(made.value)
  expect(openKeys({}, dataDir)).toEqual(made)
  expect(readdirSync(dataDir)).toEqual(['encryption-keys'])
})

test('one of another folder is another, by its id too', ({ dataDir }) => {
  const [one, other] = [openKeys({}, dataDir), openKeys({}, join(dataDir, 'other'))]
  expect(one.value.split(':')[0]).not.toBe(other.value.split(':')[0])
})

test('keys of the environment are taken as they are, and none is made', ({ dataDir }) => {
  expect(openKeys({ ENCRYPTION_KEYS: 'k1:abc' }, dataDir)).toEqual({ value: 'k1:abc', file: null })
  expect(() => readdirSync(dataDir)).toThrow('ENOENT')
})

test('where there is nothing that a new key could open none is made', ({ dataDir }) => {
  expect(() => openKeys({}, dataDir, { makes: false })).toThrow(/set ENCRYPTION_KEYS/)
  expect(() => readdirSync(dataDir)).toThrow('ENOENT')
})

test('two keys in the file are both taken, the newest first', ({ dataDir }) => {
  const { value, file } = openKeys({}, dataDir)
  const both = `k2:${Buffer.alloc(32, 2).toString('base64')}, ${value}`
  writeFileSync(file ?? '', both)
  expect(openKeys({}, dataDir).value).toBe(both)
})

test.for(['', 'rubbish', 'k1:c2hvcnQ='])(
  'a file with %j stops the start and is named, not shown',
  (text, { dataDir }) => {
    const { file } = openKeys({}, dataDir)
    writeFileSync(file ?? '', text)
    const open = () => openKeys({}, dataDir)
    expect(open).toThrow(expect.objectContaining({ name: 'Fault', message: expect.stringContaining(file ?? '') }))
    expect(open).not.toThrow(/c2hvcnQ/)
  },
)

test('a folder that can hold no file stops the start, and says what to set', ({ dataDir }) => {
  const { file } = openKeys({}, dataDir)
  expect(() => openKeys({}, join(file ?? '', 'below'))).toThrow(/ENOTDIR/)
})
