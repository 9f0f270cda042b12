import { expect, test } from 'vitest'
import { handMade } from '../test/hand-made.ts'
import { check, isSound } from './check.ts'
import { say } from './say.ts'

test('a sound run is said in its figures', () => {
  const it = handMade().sent(1_000, 2_000).asked('delete', 2_500).fault(5_000, 6_000, { mayRepeat: true, inFlight: 3 })
  const judgement = check(it.history)
  expect(isSound(judgement)).toBe(true)
  expect(say(judgement)).toEqual([
    '1 jobs, 2 changes, 2 occurrences that must have been due',
    '2 executions: 2 succeeded',
    '2 requests, 0 of them repeated; 3 in flight at the faults',
    'late: p50 15 ms, p99 15 ms, at most 15 ms; by a fault: 0',
    ...['lost', 'early', 'late', 'duplicated', 'phantom', 'unexplained'].map((kind) => `${kind}: 0`),
  ])
})

test('of each kind of finding five are told, and how many more there are', () => {
  const judgement = check(handMade().asked('delete', 7_500).sent(1_000).history)
  expect(isSound(judgement)).toBe(false)
  const lines = say(judgement).slice(4)
  expect(lines.filter((it) => !it.endsWith(': 0'))).toEqual([
    'lost: 6',
    ...[2, 3, 4, 5, 6].map(
      (n) => `  job job, due at 1970-01-01T00:00:0${n}.000Z, neither arrived nor is in the ledger`,
    ),
    '  and 1 more',
  ])
})

test('faults whose attempts in flight were not counted bound nothing', () => {
  const it = handMade().sent(1_000).asked('delete', 1_500).fault(5_000, 6_000, { mayRepeat: true })
  expect(check(it.history).figures.inFlight).toBeNull()
  expect(say(check(it.history))[2]).toBe('1 requests, 0 of them repeated; uncounted in flight at the faults')
})
