import type { LookupAddress, lookup } from 'node:dns'
import { expect, test } from 'vitest'
import { sharedLookup } from './shared-lookup.ts'

/** A resolver that answers when it is told to, and what it was asked. */
function resolver() {
  const asked: { host: string; answer: (error: Error | null, found: LookupAddress[]) => void }[] = []
  const resolve = (host: string, _options: object, answer: (error: Error | null, found: LookupAddress[]) => void) =>
    void asked.push({ host, answer })
  return { asked, look: sharedLookup(resolve as typeof lookup) }
}

const found = [{ address: '192.0.2.1', family: 4 }]

test('a name that many ask for at once is looked up once, and all are answered; later it is looked up anew', () => {
  const { asked, look } = resolver()
  const answers: unknown[] = []
  for (let n = 0; n < 3; n += 1) look('slow.test', { all: true }, (_, addresses) => answers.push(addresses))
  look('other.test', { all: true }, () => {})
  expect(asked.map(({ host }) => host)).toEqual(['slow.test', 'other.test'])
  asked[0]?.answer(null, found)
  expect(answers).toEqual([found, found, found])
  look('slow.test', { all: true }, () => {})
  expect(asked).toHaveLength(3)
})

test('a failure is each one’s, and keeps nobody from trying again', () => {
  const { asked, look } = resolver()
  const failures: unknown[] = []
  for (let n = 0; n < 2; n += 1) look('gone.test', { all: true }, (error) => failures.push(error?.message))
  asked[0]?.answer(new Error('ENOTFOUND'), [])
  expect(failures).toEqual(['ENOTFOUND', 'ENOTFOUND'])
  look('gone.test', { all: true }, () => {})
  expect(asked).toHaveLength(2)
})

test('those who ask for another kind of address are not answered with this one', () => {
  const { asked, look } = resolver()
  look('a.test', { all: true, family: 4 }, () => {})
  look('a.test', { all: true, family: 6 }, () => {})
  expect(asked).toHaveLength(2)
})
