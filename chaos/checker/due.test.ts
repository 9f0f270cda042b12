import { expect, test } from 'vitest'
import type { Due } from '../history.ts'
import { names, timesIn } from './due.ts'

const at = (time: string) => Date.parse(`2026-11-26T${time}Z`)

test('a one-time job has its one time', () => {
  const due: Due = { type: 'once', at: 5_000 }
  expect(timesIn(due, 4_999, 5_000)).toEqual([5_000])
  expect(timesIn(due, 5_000, 9_000)).toEqual([])
  expect([4_999, 5_000, 5_001].map((it) => names(due, it))).toEqual([false, true, false])
})

test('an interval begins at its anchor and ends with its end, both included', () => {
  const due: Due = { type: 'interval', everyMs: 1_000, anchor: 10_250, end: 13_250 }
  expect(timesIn(due, 0, 99_999)).toEqual([10_250, 11_250, 12_250, 13_250])
  expect(timesIn(due, 11_250, 12_250)).toEqual([12_250])
  expect([9_250, 10_250, 10_251, 13_250, 14_250].map((it) => names(due, it))).toEqual([false, true, false, true, false])
})

test('a cron names wall times of its zone, in seconds where it has six fields', () => {
  const six: Due = { type: 'cron', expression: '*/20 30 17 * * *', timezone: 'Asia/Bangkok' }
  expect(timesIn(six, at('10:30:00'), at('11:00:00'))).toEqual([at('10:30:20'), at('10:30:40')])
  expect(timesIn(six, at('10:29:59.999'), at('10:30:00'))).toEqual([at('10:30:00')])
  expect(timesIn(six, at('10:30:00.001'), at('10:30:20.500'))).toEqual([at('10:30:20')])
  expect(['10:30:00', '10:30:00.001', '10:30:01'].map((it) => names(six, at(it)))).toEqual([true, false, false])
  const five: Due = { type: 'cron', expression: '45 17 * * *', timezone: 'Asia/Bangkok' }
  expect(timesIn(five, at('00:00:00'), at('23:00:00'))).toEqual([at('10:45:00')])
})
