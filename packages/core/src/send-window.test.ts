import { expect, test } from 'vitest'
import { createSendWindow } from './send-window.ts'

test('each success opens the window by one, so that it doubles with each round trip, up to its maximum', () => {
  const window = createSendWindow(5, 40)
  expect(window.size).toBe(5)
  for (const expected of [10, 20, 40, 40]) {
    const inFlight = window.size
    for (let n = 0; n < inFlight; n += 1) window.succeeded()
    expect(window.size).toBe(expected)
  }
})

test('each failure halves the window, but one attempt is always allowed', () => {
  const window = createSendWindow(21, 100)
  const sizes = Array.from({ length: 6 }, () => {
    window.failed()
    return window.size
  })
  expect(sizes).toEqual([10, 5, 2, 1, 1, 1])
})

test('a destination that was never up has no more attempts in flight, ever, than it started with', () => {
  const window = createSendWindow(5, 1_000)
  let most = 0
  for (let n = 0; n < 100; n += 1) {
    most = Math.max(most, window.size)
    window.failed()
  }
  expect(most).toBe(5)
})

test('a window never starts wider than its maximum, nor begins again wider', () => {
  const window = createSendWindow(50, 10)
  expect(window.size).toBe(10)
  window.restart(1)
  expect(window.size).toBe(1)
  window.restart(99)
  expect(window.size).toBe(10)
})
