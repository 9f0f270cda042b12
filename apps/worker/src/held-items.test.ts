import type { Held } from '@scheduler/db/queries/claim'
import { expect, test } from 'vitest'
import { createHeldItems } from './held-items.ts'

const item = (id: string): Held => ({
  item: { id, retryCount: 0, data: { e: id, s: 0 } },
  destination: id[0] as string,
  lost: id.includes('!'),
})

function holding(...ids: string[]) {
  const held = createHeldItems()
  const items = ids.map(item)
  for (const it of items) held.add(it)
  return { held, items }
}

const idsOf = (items: Held[]) => items.map((it) => it.item.id)

test('items are taken first in first out within a destination', () => {
  const { held } = holding('a1', 'a2', 'a3')
  expect(idsOf(held.takeWhile(2, () => true))).toEqual(['a1', 'a2'])
  expect(idsOf(held.takeWhile(2, () => true))).toEqual(['a3'])
  expect(held.size).toBe(0)
})

test('destinations take turns, so that one with many items does not keep another waiting', () => {
  const { held } = holding('a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2')
  expect(idsOf(held.takeWhile(10, () => true))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
})

test('no more are taken than the limit allows, also in the middle of a turn', () => {
  const { held } = holding('a1', 'b1', 'c1', 'a2')
  expect(idsOf(held.takeWhile(2, () => true))).toEqual(['a1', 'b1'])
  expect(idsOf(held.takeWhile(0, () => true))).toEqual([])
  expect(held.size).toBe(2)
})

test('a destination that is not admitted is asked once, keeps its items in order, and costs the others nothing', () => {
  const { held } = holding('a1', 'a2', 'b1', 'b2')
  const asked: string[] = []
  const taken = held.takeWhile(10, (it) => {
    asked.push(it.item.id)
    return it.destination !== 'a'
  })
  expect([idsOf(taken), asked]).toEqual([
    ['b1', 'b2'],
    ['a1', 'b1', 'b2'],
  ])
  expect([held.count('a'), held.count('b'), held.size]).toEqual([2, 0, 2])
  expect(idsOf(held.takeWhile(10, () => true))).toEqual(['a1', 'a2'])
})

test('with one place at a time, destinations still take turns', () => {
  const { held } = holding('a1', 'a2', 'a3', 'b1', 'b2')
  const taken = Array.from({ length: 5 }, () => held.takeWhile(1, () => true)).flatMap(idsOf)
  expect(taken).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
})

test('an item that is lost is taken out alone, wherever it stands, and once', () => {
  const { held, items } = holding('a1', 'a2', 'a3')
  for (let n = 0; n < 2; n += 1) held.remove(items[1] as Held)
  held.remove(item('z1'))
  expect(held.size).toBe(2)
  expect(idsOf(held.takeWhile(10, () => true))).toEqual(['a1', 'a3'])
})

test('all items of some destinations can be taken at once, in order, and the rest stays', () => {
  const { held } = holding('a1', 'b1', 'a2', 'c1')
  const taken = held.takeIf((destination) => destination !== 'b')
  expect(taken.map(({ destination, items }) => [destination, idsOf(items)])).toEqual([
    ['a', ['a1', 'a2']],
    ['c', ['c1']],
  ])
  expect([held.size, held.count('a'), held.count('b')]).toEqual([1, 0, 1])
})

test('an item whose attempt was lost with its worker goes before those that only wait', () => {
  const { held } = holding('a1', 'a2', 'a3!')

  expect(held.takeWhile(2, () => true).map(({ item }) => item.id)).toEqual(['a3!', 'a1'])
})

test('those count as ready for which their destinations have places, and no more', () => {
  const { held } = holding('a1', 'a2', 'a3', 'b1', 'c1')
  const places: Record<string, number> = { a: 2, b: 5, c: 0 }
  expect(held.ready((destination) => places[destination] ?? 0)).toBe(3)
  expect(createHeldItems().ready(() => 5)).toBe(0)
})
