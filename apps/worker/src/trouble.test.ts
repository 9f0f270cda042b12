import { expect, test, vi } from 'vitest'
import { createLog } from '../test/log.ts'
import { createTrouble, reasonOf } from './trouble.ts'

test('trouble is said when it begins and when it ends, not each time; a minute later it is said again', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { log, lines } = createLog()
  const trouble = createTrouble(log, 'digging')
  for (let n = 0; n < 500; n += 1) trouble.failed(new Error('rock'))
  expect(lines).toMatchObject([{ level: 40, msg: 'digging failed, trying again', reason: 'rock', failures: 1 }])
  vi.advanceTimersByTime(60_001)
  trouble.failed(new Error('rock'))
  expect(lines).toMatchObject([{}, { failures: 501 }])
  trouble.worked()
  trouble.worked()
  expect(lines.slice(2)).toMatchObject([{ level: 30, msg: 'digging works again', failures: 501 }])
  vi.useRealTimers()
})

test('each failure waits longer than the last, up to a second; none waits while all is well', () => {
  const trouble = createTrouble(createLog().log, 'digging')
  const pauses = Array.from({ length: 7 }, () => {
    const { pauseMs } = trouble
    trouble.failed(new Error('rock'))
    return pauseMs
  })
  expect(pauses).toEqual([0, 100, 200, 400, 800, 1_000, 1_000])
  trouble.worked()
  expect(trouble.pauseMs).toBe(0)
})

test.for([
  [new Error('plain'), 'plain'],
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED: refused'],
  [new AggregateError([Object.assign(new Error('first'), { code: 'E1' }), new Error('second')], 'both'), 'E1: first'],
  [new AggregateError([], 'none'), 'none'],
  ['a string', 'a string'],
] as const)('an error is said in a few words: %s', ([error, words]) => {
  expect(reasonOf(error)).toBe(words)
})
