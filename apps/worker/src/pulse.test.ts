import { expect, onTestFinished, test } from 'vitest'
import { until } from '../test/until.ts'
import { startPulse } from './pulse.ts'

test('a process that did nothing for a while has stood still, until its timers have run', async () => {
  const pulse = startPulse(700)
  onTestFinished(pulse.stop)
  expect(pulse.stoodStill()).toBe(false)
  const end = performance.now() + 750
  while (performance.now() < end);
  expect(pulse.stoodStill()).toBe(true)
  await until('the next beat', () => !pulse.stoodStill())
})
