import { expect, test } from 'vitest'
import { type Diff, diff, type Planned, type Side } from './diff.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const start = Date.UTC(2026, 5, 1)

const occurrence = (nominal: number, effective = nominal): Planned => ({ nominal, effective, dst: null })
const side = (instants: number[], zone = 'UTC'): Side => ({ zone, occurrences: instants.map((it) => occurrence(it)) })
const daily = (hour: number, count: number) =>
  Array.from({ length: count }, (_, day) => start + day * DAY + hour * HOUR)

const sizes = ({ added, removed, moved }: Diff) => [added.length, removed.length, moved.length]

test('the same occurrences are no difference', () => {
  expect(diff(side(daily(8, 40)), side(daily(8, 40)), 20)).toEqual({ added: [], removed: [], moved: [] })
})

test('another time on the same day is moved, up to the last day that is compared', () => {
  const { added, removed, moved } = diff(side(daily(8, 40)), side(daily(9, 40)), 20)
  expect([added, removed]).toEqual([[], []])
  expect(moved).toHaveLength(20)
  expect(moved[19]).toEqual({
    from: occurrence(start + 19 * DAY + 8 * HOUR),
    to: occurrence(start + 19 * DAY + 9 * HOUR),
  })
  expect(diff(side(daily(9, 40)), side(daily(8, 40)), 20).moved).toHaveLength(20)
})

test('days are those of each side’s own zone', () => {
  // 08:00 in Auckland (+12:00) is the evening before in UTC.
  const before = side(daily(8, 40))
  const after = side(daily(-4, 40), 'Pacific/Auckland')
  expect(sizes(diff(before, after, 20))).toEqual([0, 0, 20])
  expect(sizes(diff(before, side(daily(-4, 40)), 20))).not.toEqual([0, 0, 20])
})

test('several on one day are added and removed, not moved', () => {
  const twice = daily(9, 40).flatMap((it) => [it, it + HOUR])
  expect(sizes(diff(side(daily(8, 40)), side(twice), 20))).toEqual([20, 10, 0])
})

test('one nominal time with another effective one is moved', () => {
  const [first = 0] = daily(8, 1)
  const found = diff(side([first]), { zone: 'UTC', occurrences: [occurrence(first, first + 5)] }, 20)
  expect(found).toEqual({
    added: [],
    removed: [],
    moved: [{ from: occurrence(first), to: occurrence(first, first + 5) }],
  })
})

test('a slower rule is compared as far as the faster one is known', () => {
  const hours = Array.from({ length: 40 }, (_, hour) => start + hour * HOUR)
  const everyOther = hours.filter((_, i) => i % 2 === 0)
  expect(sizes(diff(side(hours), side([...everyOther, ...daily(0, 20).map((it) => it + 9 * DAY)]), 20))).toEqual([
    0, 10, 0,
  ])
})

test('a side that ends is known to its end: what the other still has is added', () => {
  expect(sizes(diff(side(daily(8, 3)), side(daily(8, 40)), 20))).toEqual([17, 0, 0])
  expect(sizes(diff(side([]), side(daily(8, 40)), 20))).toEqual([20, 0, 0])
  expect(sizes(diff(side(daily(8, 40)), side([]), 20))).toEqual([0, 20, 0])
})
