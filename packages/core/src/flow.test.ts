import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BURST_MS, intervalOf, type Rate, turnOf } from './flow.ts'

const tenASecond = { count: 10, perSeconds: 1 }

test('the first may begin at once, the next after an interval', () => {
  const turn = turnOf(tenASecond, null, 1_000)
  expect(turn.most).toBe(1)
  expect(turn.nextAt(1)).toBe(1_100)
  expect(turnOf(tenASecond, 1_100, 1_099).most).toBe(0)
  expect(turnOf(tenASecond, 1_100, 1_100).most).toBe(1)
})

test('who is looked at a little late makes up for it, who was idle for long does not', () => {
  const turn = turnOf(tenASecond, 1_000, 1_030)
  expect(turn.most).toBe(1)
  expect(turn.nextAt(1)).toBe(1_100)
  expect(turnOf(tenASecond, 1_000, 90_000).most).toBe(2)
  expect(turnOf({ count: 1_000, perSeconds: 1 }, 1_000, 90_000).most).toBe(101)
  expect(turnOf({ count: 1, perSeconds: 604_800 }, 1_000, 90_000).most).toBe(1)
})

const rates = fc.record({
  count: fc.integer({ min: 1, max: 500 }),
  perSeconds: fc.double({ min: 0.1, max: 60, noNaN: true }),
})
const pauses = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 2, maxLength: 60 })

/** Lets begin whatever may, at each of the times. */
function beginAll(rate: Rate, waits: number[]): number[] {
  const began: number[] = []
  let now = 1_000_000
  let nextAt: number | null = null
  for (const wait of waits) {
    now += wait
    const turn = turnOf(rate, nextAt, now)
    for (let n = 0; n < turn.most; n += 1) began.push(now)
    if (turn.most > 0) nextAt = turn.nextAt(turn.most)
  }
  return began
}

test('no stretch of time sees more than its share and the burst, however irregularly it is looked at', () => {
  fc.assert(
    fc.property(rates, pauses, (rate, waits) => {
      const began = beginAll(rate, waits)
      const interval = intervalOf(rate)
      for (let i = 0; i < began.length; i += Math.max(1, Math.floor(began.length / 40))) {
        for (const span of [0, 100, 1_000, 5_000]) {
          const start = began[i] ?? 0
          const seen = began.filter((at) => at >= start && at <= start + span).length
          expect(seen).toBeLessThanOrEqual((span + BURST_MS) / interval + 1 + 1e-6)
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('what is looked at often enough loses nothing of its rate', () => {
  const began = beginAll(
    tenASecond,
    Array.from({ length: 1_000 }, () => 37),
  )
  expect(began.length).toBeGreaterThanOrEqual(370)
})
