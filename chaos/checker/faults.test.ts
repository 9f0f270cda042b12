import { expect, test } from 'vitest'
import type { Fault } from '../history.ts'
import { faultsOf } from './faults.ts'

const fault = (from: number, to: number, fields: Partial<Fault> = {}): Fault => ({
  ...{ kind: 'worker killed', from, to, pids: null, mayRepeat: false },
  ...fields,
})

test('what is done soon needs no reason', () => {
  const { mayTake } = faultsOf([], { lateMs: 1_000, promptMs: 1_000, recoveryMs: 5_000 })
  expect([mayTake(100, 1_100), mayTake(100, 1_101)]).toEqual([true, false])
})

test('a fault is a reason for what came due in its course or just before, until all should have recovered', () => {
  const { mayTake } = faultsOf([fault(10_000, 12_000)], { lateMs: 1_000, promptMs: 1_000, recoveryMs: 5_000 })
  const until = (due: number) => [17_999, 18_001].map((at) => mayTake(due, at))
  expect(until(11_000)).toEqual([true, false])
  expect(until(9_000)).toEqual([true, false])
  expect(until(16_999)).toEqual([true, false])
  expect(mayTake(8_999, 11_000), 'late already when it began').toBe(false)
  expect(mayTake(17_001, 18_002), 'due when all should have recovered').toBe(false)
})

test('one fault that follows another before all has recovered is the same trouble', () => {
  const { mayTake } = faultsOf([fault(16_000, 20_000), fault(10_000, 12_000)], {
    lateMs: 1_000,
    promptMs: 1_000,
    recoveryMs: 5_000,
  })
  expect(mayTake(11_000, 25_500)).toBe(true)
  const { mayTake: apart } = faultsOf([fault(18_000, 20_000), fault(10_000, 12_000)], {
    lateMs: 1_000,
    promptMs: 1_000,
    recoveryMs: 5_000,
  })
  expect(apart(11_000, 25_500)).toBe(false)
})

test('a fault that names workers is a witness for what those had in flight alone', () => {
  const { mayRepeat, hit } = faultsOf([fault(100, 200, { pids: [7], mayRepeat: true })], {
    lateMs: 0,
    promptMs: 1_000,
    recoveryMs: 0,
  })
  expect([mayRepeat(50, 100, 7), mayRepeat(200, 300, 7), mayRepeat(150, 160, null)]).toEqual([true, true, true])
  expect([mayRepeat(50, 99, 7), mayRepeat(201, 300, 7), mayRepeat(50, 300, 8)]).toEqual([false, false, false])
  const harmless = faultsOf([fault(100, 200)], { lateMs: 0, promptMs: 1_000, recoveryMs: 0 })
  expect([harmless.mayRepeat(50, 300, 7), harmless.hit(50, 300, 7), hit(50, 300, 8)]).toEqual([false, true, false])
})
