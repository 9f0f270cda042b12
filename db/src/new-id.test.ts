import { expect, test, vi } from 'vitest'
import { newId } from './new-id.ts'

test('ids are UUIDs of version 7 that hold the time, all of them different, in rising order', () => {
  const before = Date.now()
  const ids = Array.from({ length: 5_000 }, newId)
  const after = Date.now()
  expect(new Set(ids).size).toBe(5_000)
  expect(ids.toSorted()).toEqual(ids)
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const at = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    expect(at).toBeGreaterThanOrEqual(before)
    expect(at).toBeLessThanOrEqual(after)
  }
  // The last 48 bits are random alone.
  expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(5_000)
})

test('they go on rising when the machine’s clock is set back', () => {
  vi.useFakeTimers({ now: Date.now() + 1_000 })
  const early = newId()
  vi.setSystemTime(Date.now() - 60_000)
  const late = newId()
  vi.useRealTimers()
  expect(late > early).toBe(true)
})
