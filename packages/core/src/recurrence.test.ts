import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listed, walk } from '../test/listed.ts'
import {
  disjoint,
  except,
  has,
  never,
  plus,
  type Range,
  type Recurrence,
  rangeOf,
  since,
  single,
  until,
} from './recurrence.ts'

const seeded = { numRuns: 1000, seed: 20_261_104 }
const MOST = 60
const value = fc.integer({ min: 0, max: MOST })
const values = fc.array(value, { maxLength: 20 })
const ranges: fc.Arbitrary<Range[]> = fc.array(
  fc.record({ from: fc.integer({ min: -5, max: MOST }), to: fc.integer({ min: -5, max: MOST + 5 }) }),
  { maxLength: 6 },
)

/** That a recurrence gives the answers of a sorted array, wherever it is asked. */
function expectSame(given: Recurrence, numbers: number[]): void {
  const wanted = listed(numbers)
  for (let at = -3; at <= MOST + 3; at += 1) {
    // Backwards too: nothing lies between.
    for (const to of [-3, at - 7, at, at + 1, at + 20, MOST + 3]) {
      const [mine, theirs] = [given.countIn(at, to), at < to ? wanted.countIn(at, to) : 0]
      if (mine !== theirs) expect([at, to, mine]).toEqual([at, to, theirs])
    }
    const mine = { at, after: given.after(at), before: given.atOrBefore(at), has: has(given, at) }
    const { after, before } = mine
    if (after !== wanted.after(at) || before !== wanted.atOrBefore(at) || mine.has !== numbers.includes(at)) {
      expect(mine).toEqual({ at, after: wanted.after(at), before: wanted.atOrBefore(at), has: numbers.includes(at) })
    }
  }
}

describe('against a sorted array, everywhere', () => {
  test('a single value, and none', () => {
    for (const at of [0, 7, MOST]) expectSame(single(at), [at])
    expectSame(never, [])
  })

  test('since and until are inclusive', () => {
    fc.assert(
      fc.property(values, value, value, (numbers, start, end) => {
        expectSame(
          since(listed(numbers), start),
          numbers.filter((it) => it >= start),
        )
        expectSame(
          until(listed(numbers), end),
          numbers.filter((it) => it <= end),
        )
        expectSame(
          until(since(listed(numbers), start), end),
          numbers.filter((it) => start <= it && it <= end),
        )
      }),
      seeded,
    )
  })

  test('plus counts a value that is there already once, and takes further ones in any order', () => {
    fc.assert(
      fc.property(values, values, (numbers, further) => {
        expectSame(plus(listed(numbers), further), [...numbers, ...further])
      }),
      seeded,
    )
  })

  test('except leaves out what is in ranges, also when they touch and nothing is left between', () => {
    fc.assert(
      fc.property(values, ranges, (numbers, holes) => {
        expectSame(
          except(listed(numbers), disjoint(holes)),
          numbers.filter((it) => !holes.some(({ from, to }) => from <= it && it < to)),
        )
      }),
      seeded,
    )
  })

  test('the four of them on top of each other', () => {
    fc.assert(
      fc.property(values, values, ranges, value, value, (numbers, further, holes, start, end) => {
        const held = [...numbers, ...further].filter((it) => !holes.some(({ from, to }) => from <= it && it < to))
        const given = until(since(except(plus(listed(numbers), further), disjoint(holes)), start), end)
        const wanted = held.filter((it) => start <= it && it <= end)
        expectSame(given, wanted)
        expect(walk(given, -1, MOST)).toEqual([...new Set(wanted)].sort((a, b) => a - b))
      }),
      seeded,
    )
  })
})

describe('disjoint', () => {
  test('holds the same values, in order, with a gap between any two', () => {
    fc.assert(
      fc.property(ranges, (given) => {
        const found = disjoint(given)
        for (const [i, { from, to }] of found.entries()) {
          expect(from).toBeLessThan(to)
          expect(from).toBeGreaterThan(found[i - 1]?.to ?? -Infinity)
        }
        for (let at = -6; at <= MOST + 6; at += 1) {
          const inside = given.some(({ from, to }) => from <= at && at < to)
          const range = rangeOf(found, at)
          if ((range !== undefined) !== inside) expect([at, range]).toEqual([at, inside])
          if (range && (at < range.from || range.to <= at)) expect(range).toContain(at)
        }
      }),
      seeded,
    )
  })

  test('leaves the ranges that it is given as they are', () => {
    const given = [
      { from: 5, to: 9 },
      { from: 1, to: 6 },
    ]
    expect(disjoint(given)).toEqual([{ from: 1, to: 9 }])
    expect(given).toEqual([
      { from: 5, to: 9 },
      { from: 1, to: 6 },
    ])
  })
})
