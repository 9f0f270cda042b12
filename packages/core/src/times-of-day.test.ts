import { expect, test } from 'vitest'
import { timesOfDay } from './times-of-day.ts'

test('the index of a time and the time of an index are each other, for each second of the day', () => {
  const [hours, minutes, seconds] = [
    [0, 8, 23],
    [0, 5, 6, 59],
    [0, 30, 59],
  ] as const
  const listed = hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => (h * 60 + m) * 60 + s)))
  const times = timesOfDay(hours, minutes, seconds)
  expect(Array.from({ length: times.count }, (_, index) => times.at(index))).toEqual(listed)
  let count = 0
  for (let second = 0; second < 86_400; second += 1) {
    if (listed[count] === second) count += 1
    if (times.upTo(second) !== count) expect.fail(`${times.upTo(second)} up to ${second}, not ${count}`)
  }
})
