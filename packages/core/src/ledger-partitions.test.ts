import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPastRetention, partitionDays, partitionsToMake } from './ledger-partitions.ts'

const DAY = 86_400_000
const at = (text: string) => new Date(`2026-${text}Z`)

test.for([
  [1, 1],
  [7, 1],
  [8, 1],
  [9, 2],
  [30, 4],
  [365, 46],
  [36_500, 4_563],
])('a ledger of %i days is cut into partitions of %i', ([retention = 0, days]) => {
  expect(partitionDays(retention)).toBe(days)
})

test('an empty ledger gets the partition of now and the one after it', () => {
  const [current, next, ...others] = partitionsToMake(null, at('11-26T02:00:00'), 30)
  expect(current).toEqual({ from: at('11-23T00:00:00'), to: at('11-27T00:00:00') })
  expect(next).toEqual({ from: at('11-27T00:00:00'), to: at('12-01T00:00:00') })
  expect(others).toEqual([])
})

test('none is made while there is one of now and one after it', () => {
  expect(partitionsToMake(at('12-01T00:00:00'), at('11-26T23:59:59'), 30)).toEqual([])
  expect(partitionsToMake(at('12-01T00:00:00'), at('11-27T00:00:00'), 30)).toEqual([
    { from: at('12-01T00:00:00'), to: at('12-05T00:00:00') },
  ])
})

test('the first one after an upgrade, or after a change of the retention, begins where the last one ends', () => {
  expect(partitionsToMake(at('11-25T00:00:00'), at('11-24T02:00:00'), 30)[0]).toEqual({
    from: at('11-25T00:00:00'),
    to: at('11-27T00:00:00'),
  })
})

test('a service that slept for weeks gets none of the time in which it slept', () => {
  expect(partitionsToMake(at('07-01T00:00:00'), at('11-26T02:00:00'), 30)).toEqual(
    partitionsToMake(null, at('11-26T02:00:00'), 30),
  )
})

test('whatever there is, they are whole days, follow one another, and reach from now to a width after it or further', () => {
  const day = fc.integer({ min: 0, max: 40_000 })
  fc.assert(
    fc.property(
      fc.option(day),
      fc.integer({ min: 0, max: 40_000 * DAY }),
      fc.integer({ min: 1, max: 900 }),
      (...all) => {
        const [end, now, retention] = all
        const ranges = partitionsToMake(end === null ? null : new Date(end * DAY), new Date(now), retention)
        let reached = end === null ? Number.NEGATIVE_INFINITY : end * DAY
        for (const { from, to } of ranges) {
          expect([from.getTime() % DAY, to.getTime() % DAY]).toEqual([0, 0])
          expect(from.getTime()).toBeLessThan(to.getTime())
          expect(from.getTime()).toBeGreaterThanOrEqual(reached)
          if (from.getTime() > now) expect(from.getTime()).toBe(reached)
          reached = to.getTime()
        }
        expect(reached).toBeGreaterThan(now + partitionDays(retention) * DAY)
      },
    ),
  )
})

test('a partition is past retention a day after the last of its executions', () => {
  expect(isPastRetention(at('10-25T02:00:00'), at('11-25T02:00:00'), 30)).toBe(true)
  expect(isPastRetention(at('10-25T02:00:01'), at('11-25T02:00:00'), 30)).toBe(false)
})
