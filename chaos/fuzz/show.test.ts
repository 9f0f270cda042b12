import { expect, test } from 'vitest'
import { classLines, countOf, refusedLines, statusLines } from './show.ts'
import type { FuzzReport } from './tally.ts'

const report: FuzzReport = {
  ...{ requests: 6, answers: 6, slowestMs: 1, slowestBeatMs: 1, heldUpMs: 0 },
  statuses: new Map([
    ['postJobs', new Map(Object.entries({ 422: 2, 201: 3 }).map(([status, count]) => [Number(status), count]))],
    ['getJobs', new Map([[200, 1]])],
  ]),
  classes: new Map([
    ['valid', 3],
    ['nearly: too long', 1],
    ['nearly: null', 2],
  ]),
  faults: [
    { what: 'getJobs valid: is 500', count: 2, number: 1, command: '', answer: '' },
    { what: 'getJobs valid: took some ms', count: 3, number: 1, command: '', answer: '' },
  ],
  refused: new Map([
    ['postJobs: a', 1],
    ['postJobs: b', 4],
  ]),
}

test('says what was answered, what was asked and what was refused, the most frequent reason first', () => {
  expect(statusLines(report)).toEqual(['getJobs 200×1', 'postJobs 201×3 422×2'])
  expect(classLines(report)).toEqual(['nearly: null ×2, too long ×1', 'valid: all ×3'])
  expect(refusedLines(report)).toEqual(['×4 postJobs: b', '×1 postJobs: a'])
})

test('counts faults by what they are', () => {
  expect(countOf(report, /: is 5\d\d$/)).toBe(2)
  expect(countOf(report, /: took /)).toBe(3)
})
