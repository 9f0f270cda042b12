import { watchHoldUps } from '@scheduler/core/test/hold-ups'
import { expect, test } from 'vitest'

test('tells for how long the process was kept from running, at once and from then on', async () => {
  const heldUpMs = watchHoldUps()
  const end = performance.now() + 120
  while (performance.now() < end);
  expect(heldUpMs()).toBeGreaterThanOrEqual(95)
  await new Promise((resolve) => setTimeout(resolve, 60)) // allowed: that it is remembered is what it is about
  expect(heldUpMs()).toBeGreaterThanOrEqual(95)
})
