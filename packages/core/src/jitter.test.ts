import { expect, test } from 'vitest'
import { jitterMs } from './jitter.ts'

test('the delay of a stored occurrence never changes between releases', () => {
  const seed = '0199a1b2-0000-7000-8000-000000000001'
  expect([0, 1, 2].map((n) => jitterMs(seed, Date.UTC(2026, 0, 1) + n * 60_000, 60_000))).toEqual([
    57_429, 38_962, 20_014,
  ])
})

test('no maximum, no delay; the maximum itself is reached', () => {
  expect(jitterMs('a', 1, 0)).toBe(0)
  expect(jitterMs('a', 1, -5)).toBe(0)
  const seen = new Set(Array.from({ length: 200 }, (_, n) => jitterMs('a', n, 3)))
  expect([...seen].sort()).toEqual([0, 1, 2, 3])
})

test.for([
  ['one job, occurrences a minute apart', (n: number) => jitterMs('job', n * 60_000, 999)],
  [
    'one instant, jobs created in one burst',
    (n: number) => jitterMs(`0199a1b2-${n.toString(16).padStart(12, '0')}`, 0, 999),
  ],
] as const)('delays are spread evenly: %s', ([, delay]) => {
  const buckets = new Array<number>(20).fill(0)
  let neighbours = 0
  for (let n = 0; n < 20_000; n += 1) {
    const bucket = Math.floor(delay(n) / 50)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
    if (Math.floor(delay(n + 1) / 50) === bucket) neighbours += 1
  }
  // Chi-squared of 19 degrees of freedom: 43.8 is passed by chance once in a thousand.
  const chi = buckets.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  expect(chi).toBeLessThan(43.8)
  expect(neighbours).toBeGreaterThan(850)
  expect(neighbours).toBeLessThan(1150)
})
