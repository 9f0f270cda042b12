import { expect, test } from 'vitest'
import { hotJobs } from './hot-jobs.ts'

const start = 1_764_000_000_000

test('the job that fell due last is taken, in this period and in later ones, and only once', () => {
  const hot = hotJobs(
    [0, 300, 900].map((ms) => ({ id: `${ms}`, at: start + ms })),
    60_000,
  )
  expect(hot.take(start + 60_400)?.id).toBe('300')
  expect(hot.take(start + 60_400)?.id).toBe('0')
  expect(hot.take(start + 60_400)).toBeUndefined()
})

test('a job whose first occurrence is to come is not hot, and neither is one that was due long ago', () => {
  const hot = hotJobs([{ id: 'later', at: start + 60_000 }], 60_000)
  expect(hot.take(start + 20)).toBeUndefined()
  expect(hot.take(start + 62_000)).toBeUndefined()
  expect(hot.take(start + 60_020)?.id).toBe('later')
})
