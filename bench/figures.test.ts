import { expect, test } from 'vitest'
import { median, percentile, spread } from './figures.ts'

test('a median is the middle one, or the mean of the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7]), median([])]).toEqual([2, 2.5, 7, Number.NaN])
})

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n)
  expect([0, 50, 99, 100].map((p) => percentile(values, p))).toEqual([1, 51, 100, 100])
  expect(percentile([5], 99)).toBe(5)
})

test('a spread says the least and the most, of several', () => {
  expect(spread([10, 30, 20])).toBe('20 (10 to 30)')
  expect(spread([1.26], 1)).toBe('1.3')
})
