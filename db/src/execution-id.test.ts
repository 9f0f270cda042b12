import { expect, test } from 'vitest'
import { executionId } from './execution-id.ts'

const jobId = '01a2172a-1713-747b-b201-bba3e92d1395'
const at = (ms: number) => new Date(Date.UTC(2026, 10, 26, 9) + ms)
const ofSchedule = (ms: number, job = jobId) => executionId({ jobId: job, scheduledFor: at(ms), kind: 'schedule' })

test('an occurrence of a schedule has the same id whoever names it, and no other occurrence has it', () => {
  expect(ofSchedule(0)).toBe(ofSchedule(0))
  const ids = Array.from({ length: 2_000 }, (_, n) => ofSchedule(n))
  const others = Array.from({ length: 2_000 }, (_, n) =>
    ofSchedule(0, `01a2172a-1713-747b-b201-${n.toString().padStart(12, '0')}`),
  )
  expect(new Set([...ids, ...others]).size).toBe(4_000)
})

test('it is a UUID of version 8 that holds its time, and later ones are greater', () => {
  const ids = Array.from({ length: 200 }, (_, n) => ofSchedule(n))
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt(ids[7]?.replaceAll('-', '').slice(0, 12) ?? '', 16)).toBe(at(7).getTime())
  expect(ids.toSorted()).toEqual(ids)
})

test('it is what it is in every release', () => {
  expect(ofSchedule(0)).toBe('01a21715-4680-8048-a2cf-5e27e8422953')
})

test('what is asked for by hand is another thing each time', () => {
  for (const kind of ['manual', 'backfill'] as const) {
    const named = { jobId, scheduledFor: at(0), kind }
    expect(executionId(named)).not.toBe(executionId(named))
    expect(executionId(named)).not.toBe(ofSchedule(0))
  }
})
