import { expect, test } from 'vitest'
import { createGather } from './gather.ts'

test('things gather for as long as the last statement took, within bounds', () => {
  const gather = createGather({ least: 2, most: 10 })
  expect(gather.ms).toBe(2)
  gather.took(6)
  expect(gather.ms).toBe(6)
  gather.took(250)
  expect(gather.ms).toBe(10)
  gather.took(0.5)
  expect(gather.ms).toBe(2)
})
