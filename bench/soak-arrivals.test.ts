import { expect, test } from 'vitest'
import { arrivalRecord } from './soak-arrivals.ts'

const arrival = (id: string, lateMs = 1) => ({ id, at: 1_000 + lateMs, scheduledFor: 1_000 })

test('a callback that comes again is known, in its own stretch and in a later one', () => {
  const record = arrivalRecord()
  expect(record.add([arrival('a'), arrival('b'), arrival('a')])).toMatchObject({ repeated: 1 })
  expect(record.add([arrival('b'), arrival('c')])).toMatchObject({ repeated: 1 })
  expect(record.distinct()).toBe(3)
})

test('what came again after its id was forgotten counts once more, which the ledger does not', () => {
  const record = arrivalRecord(2)
  for (const id of ['a', 'b', 'c']) record.add([arrival(id)])
  expect(record.add([arrival('a')])).toMatchObject({ repeated: 0 })
  expect(record.distinct()).toBe(4)
})

test('a callback before its time is early, and one at its time is not', () => {
  expect(arrivalRecord().add([arrival('a', 0), arrival('b', -0.5), arrival('c', -3), arrival('d')])).toEqual({
    early: 2,
    earliestMs: 3,
    repeated: 0,
  })
})
