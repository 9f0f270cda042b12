import { expect, test } from 'vitest'
import { createGather } from './gather.ts'

const times = { usual: 2, busy: 8 }

function gathering() {
  let now = 0
  const gather = createGather(times, () => now)
  const come = (count: number) => {
    for (let n = 0; n < count; n += 1) gather.note()
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { gather, come, pass }
}

test('few gather for the usual time, many for longer: from five hundred a second on', () => {
  const { gather, come } = gathering()
  expect(gather.ms).toBe(times.usual)
  come(49)
  expect(gather.ms).toBe(times.usual)
  come(1)
  expect(gather.ms).toBe(times.busy)
})

test('what was busy a moment ago still is, while what comes now is being counted', () => {
  const { gather, come, pass } = gathering()
  come(50)
  pass(100)
  come(1)
  expect(gather.ms).toBe(times.busy)
  pass(100)
  expect(gather.ms).toBe(times.usual)
})

test('after a while in which nothing came it is the usual time at once', () => {
  const { gather, come, pass } = gathering()
  come(1_000)
  pass(200)
  expect(gather.ms).toBe(times.usual)
})
