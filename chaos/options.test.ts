import { expect, test } from 'vitest'
import { readOptions } from './options.ts'

const known = ['calm', 'kills']

test('all scenarios, with a seed of its own, unless told otherwise', () => {
  const options = readOptions([], known)
  expect(options).toMatchObject({ names: [], short: false, list: false, report: null })
  expect(Number.isSafeInteger(options.seed)).toBe(true)
})

test('a seed, a short form and a report are taken as given', () => {
  const args = ['kills', '--seed', '7', '--short', '--report', 'docs/chaos-report.md']
  expect(readOptions(args, known)).toEqual({
    names: ['kills'],
    seed: 7,
    short: true,
    list: false,
    report: 'docs/chaos-report.md',
  })
})

test('what is not known is refused with what there is', () => {
  expect(() => readOptions(['kils'], known)).toThrow('There is no scenario kils. There are: calm, kills.')
  expect(() => readOptions(['--seed', 'x'], known)).toThrow('--seed must be a whole number, not x.')
  expect(() => readOptions(['--sed', '1'], known)).toThrow('--sed')
})
