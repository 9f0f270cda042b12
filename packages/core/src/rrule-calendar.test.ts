import { expect, test } from 'vitest'
import { civilDate, dayNumber, monthLength, weekdayOf } from './rrule-calendar.ts'

test('each day from 1960 to 2110, and around the turns of later centuries, is the date that Date says', () => {
  const centuries = [2200, 2400, 3000, 4000, 9999].map((year) => dayNumber(year, 1, 1))
  const ranges = [[dayNumber(1960, 1, 1), dayNumber(2110, 1, 1)], ...centuries.map((day) => [day - 400, day + 400])]
  for (const [from = 0, to = 0] of ranges) {
    for (let day = from; day < to; day += 1) {
      const date = new Date(day * 86_400_000)
      const [year, month, dayOfMonth] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
      const civil = civilDate(day)
      if (civil.year !== year || civil.month !== month || civil.day !== dayOfMonth) expect(civil).toEqual(date)
      if (dayNumber(year, month, dayOfMonth) !== day) expect(dayNumber(year, month, dayOfMonth)).toBe(day)
      if (weekdayOf(day) !== (date.getUTCDay() + 6) % 7) expect(weekdayOf(day)).toBe((date.getUTCDay() + 6) % 7)
    }
  }
})

test('February has 29 days in leap years, which most centuries are not', () => {
  expect([1900, 2000, 2023, 2024, 2100].map((year) => monthLength(year, 2))).toEqual([28, 29, 28, 29, 28])
})
