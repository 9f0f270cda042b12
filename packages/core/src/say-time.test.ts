import { expect, test } from 'vitest'
import { sayDateTime, sayDuration, sayTime } from './say-time.ts'

test.for([
  ['2027-01-20T08:00:00Z', '20 January 2027 at 08:00'],
  ['2027-01-20T08:00:05Z', '20 January 2027 at 08:00:05'],
  ['2027-12-01T23:59:59.007Z', '1 December 2027 at 23:59:59.007'],
  ['1970-01-01T00:00:00Z', '1 January 1970 at 00:00'],
] as const)('%s is said as %s', ([text, expected]) => {
  expect(sayDateTime(Date.parse(text))).toBe(expected)
})

test('a time before 1970 has its milliseconds too', () => {
  expect(sayTime(-1)).toBe('23:59:59.999')
})

test.for([
  [0, '0 ms'],
  [34, '34 ms'],
  [999.6, '1 second'],
  [1_000, '1 second'],
  [1_249, '1.2 seconds'],
  [59_990, '1 minute'],
  [60_000, '1 minute'],
  [1_200_000, '20 minutes'],
  [3_661_000, '1 hour 1 minute'],
  [3_605_000, '1 hour 5 seconds'],
  [90_000_000, '1 day 1 hour'],
] as const)('%d ms are %s', ([ms, expected]) => {
  expect(sayDuration(ms)).toBe(expected)
})
