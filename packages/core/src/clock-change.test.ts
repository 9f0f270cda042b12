import { expect, test } from 'vitest'
import { clockChange, formatNominal } from './clock-change.ts'

const spring = Date.parse('2026-03-08T07:00:00Z')

test('a nominal time that a gap leaves out is written as the wall time that does not exist', () => {
  const nominal = spring + 30 * 60_000
  expect(formatNominal(nominal, 'gap_skipped', 'America/New_York')).toBe('2026-03-08T02:30:00-05:00')
  expect(formatNominal(nominal, 'gap_shifted', 'America/New_York')).toBe('2026-03-08T03:30:00-04:00')
  expect(formatNominal(nominal, 'gap_skipped', 'Asia/Jakarta')).toBe('2026-03-08T14:30:00+07:00')
})

test('the first and the last instant of a gap are in it, and no other', () => {
  const text = (nominal: number) => formatNominal(nominal, 'gap_skipped', 'America/New_York')
  expect(text(spring)).toBe('2026-03-08T02:00:00-05:00')
  expect(text(spring + 3_600_000 - 1)).toBe('2026-03-08T02:59:59.999-05:00')
  expect(text(spring + 3_600_000)).toBe('2026-03-08T04:00:00-04:00')
})

test('the day that Apia left out is a gap too', () => {
  const nominal = Date.parse('2011-12-30T12:00:00-10:00')
  expect(formatNominal(nominal, 'gap_skipped', 'Pacific/Apia')).toBe('2011-12-30T12:00:00-10:00')
})

test('the change nearest to an instant is found within a day', () => {
  expect(clockChange('America/New_York', spring - 3_600_000)).toMatchObject({ at: spring, after: -4 * 3_600_000 })
  expect(clockChange('America/New_York', spring - 2 * 86_400_000)).toBeNull()
  expect(clockChange('UTC+07:00', spring)).toBeNull()
})
