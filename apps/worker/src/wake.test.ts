import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWake } from './wake.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** Whether a sleep is over, told without waiting for it. */
function watch(resting: Promise<unknown>) {
  const seen = { over: false }
  void resting.then(() => {
    seen.over = true
  })
  return seen
}

test('a sleep lasts its time, and leaves no timer behind', async () => {
  const { sleep: nap } = createWake()
  const seen = watch(nap(1_000))
  await vi.advanceTimersByTimeAsync(999)
  expect(seen.over).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect([seen.over, vi.getTimerCount()]).toEqual([true, 0])
})

test('a wake ends the sleep at once, and only that one', async () => {
  const { wake, sleep: nap } = createWake()
  const first = watch(nap(1_000))
  wake()
  await vi.advanceTimersByTimeAsync(0)
  expect([first.over, vi.getTimerCount()]).toEqual([true, 0])
  const second = watch(nap(1_000))
  await vi.advanceTimersByTimeAsync(500)
  expect(second.over).toBe(false)
})

test('a wake that comes while nobody sleeps is kept for the next sleep; many are one', async () => {
  const { wake, sleep: nap } = createWake()
  for (let n = 0; n < 5; n += 1) wake()
  const first = watch(nap(1_000))
  await vi.advanceTimersByTimeAsync(0)
  const second = watch(nap(1_000))
  await vi.advanceTimersByTimeAsync(0)
  expect([first.over, second.over]).toEqual([true, false])
})

test('a sleep says whether it lasted its time', async () => {
  const { wake, sleep: nap } = createWake()
  const slept = nap(10)
  await vi.advanceTimersByTimeAsync(10)
  expect(await slept).toBe(true)
  const woken = nap(10)
  wake()
  expect(await woken).toBe(false)
  wake()
  expect(await nap(10)).toBe(false)
})
