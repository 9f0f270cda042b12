import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { expect, test } from 'vitest'

const spend = (ms: number) => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('tells for how long the process was kept from running, at once and from then on, and when', async () => {
  const began = Date.now()
  const holdUps = watchHoldUps()
  spend(200)
  expect(holdUps.longestMs()).toBeGreaterThanOrEqual(175)
  await new Promise((resolve) => setTimeout(resolve, 60)) // allowed: that it is remembered is what it is about
  const [first] = holdUps.since(began)
  expect((first?.to ?? 0) - (first?.from ?? 0)).toBeGreaterThanOrEqual(175)
  expect(first?.from).toBeGreaterThanOrEqual(began)
  expect(holdUps.longestMs((first?.to ?? 0) + 1)).toBeLessThan(175)
})
