import { expect, test } from 'vitest'
import type { Change, Definition, Due } from '../history.ts'
import { mayBeDue, requiredTimes } from './expected.ts'
import { certainlySince, lifeOf, statesAt } from './life.ts'

const everySecond: Due = { type: 'interval', everyMs: 1_000, anchor: 0, end: null }
const halfPast: Due = { type: 'interval', everyMs: 1_000, anchor: 500, end: null }

const of = (due: Due, path = '/'): Definition => ({ due, path, coalesces: false })
const change = (kind: Change['kind'], sentAt: number, answeredAt: number | null, definition?: Definition): Change => ({
  ...{ kind, sentAt, answeredAt },
  ...(definition && { definition }),
})
const created = change('create', 100, 200, of(everySecond))
const life = (...changes: Change[]) => lifeOf({ id: 'job', changes: [created, ...changes] })
const statuses = (...at: Parameters<typeof statesAt>) => statesAt(...at).map(({ status }) => status)
const isActive = ({ status }: { status: string }) => status === 'active'

test('a job is due for certain from the answer to its create until its delete is asked for', () => {
  const it = life(change('delete', 3_050, 4_050))
  expect(requiredTimes(it, 9_000)).toEqual([1_000, 2_000, 3_000])
  expect([4_000, 5_000].map((at) => mayBeDue(it, at, isActive))).toEqual([true, false])
  expect([50, 150, 250, 3_500, 4_100].map((at) => statuses(it, at))).toEqual([
    ['absent'],
    ['absent', 'active'],
    ['active'],
    ['active', 'deleted'],
    ['deleted'],
  ])
})

test('what came due before the create can have been done is not owed', () => {
  const soon = lifeOf({ id: 'job', changes: [change('create', 1_500, 2_500, of(everySecond))] })
  expect(requiredTimes(soon, 4_000)).toEqual([3_000, 4_000])
  expect([1_000, 2_000, 3_000].map((at) => mayBeDue(soon, at, isActive))).toEqual([false, true, true])
})

test('a create that was never answered may have been done, and what was answered of it since says that it was', () => {
  const unsure = change('create', 100, null, of(everySecond))
  expect(requiredTimes(lifeOf({ id: 'job', changes: [unsure] }), 3_000)).toEqual([])
  const known = lifeOf({ id: 'job', changes: [unsure, change('resume', 1_500, 1_600)] })
  expect(requiredTimes(known, 3_000)).toEqual([2_000, 3_000])
})

test('an edit of the schedule makes uncertain what either names meanwhile; one of anything else does not', () => {
  const moved = life(change('edit', 1_900, 3_100, of(halfPast, '/2')))
  expect(requiredTimes(moved, 4_600)).toEqual([1_000, 3_500, 4_500])
  expect([2_000, 2_500, 3_000].map((at) => mayBeDue(moved, at, isActive))).toEqual([true, true, true])
  expect([1_500, 4_000].map((at) => mayBeDue(moved, at, isActive))).toEqual([false, false])
  expect(requiredTimes(life(change('edit', 1_900, 3_100, of(everySecond, '/2'))), 3_000)).toEqual([1_000, 2_000, 3_000])
})

test('an edit that was never answered leaves both schedules possible, and only what both name certain', () => {
  const faster: Due = { type: 'interval', everyMs: 500, anchor: 0, end: null }
  expect(requiredTimes(life(change('edit', 1_100, null, of(faster))), 3_000)).toEqual([1_000, 2_000, 3_000])
  expect(requiredTimes(life(change('edit', 1_100, null, of(halfPast))), 3_000)).toEqual([1_000])
})

test('a paused job has nothing due, and keeps its schedule', () => {
  const it = life(
    change('pause', 1_100, 1_200),
    change('edit', 1_300, 1_400, of(halfPast)),
    change('resume', 2_600, 2_700),
  )
  expect(requiredTimes(it, 4_000)).toEqual([1_000, 3_500])
  expect([1_500, 2_500].map((at) => mayBeDue(it, at, isActive))).toEqual([false, false])
})

test('a pause and a resume that were never answered may each have been done', () => {
  const paused = life(change('pause', 1_100, null))
  expect(requiredTimes(paused, 3_000)).toEqual([1_000])
  expect(mayBeDue(paused, 3_000, isActive)).toBe(true)
  const resumed = life(change('pause', 1_100, 1_200), change('resume', 2_100, null))
  expect([2_000, 3_000].map((at) => mayBeDue(resumed, at, isActive))).toEqual([false, true])
  expect(requiredTimes(resumed, 3_000)).toEqual([1_000])
})

test('since when a job can’t be active counts from the answer, through whatever was done to it since', () => {
  const it = life(
    change('pause', 1_100, 1_200),
    change('edit', 1_300, 1_400, of(halfPast)),
    change('delete', 1_500, 1_600),
  )
  const stopped = (at: number) => certainlySince(it, at, ({ status }) => status !== 'active')
  expect([stopped(1_150), stopped(1_250), stopped(1_550), stopped(9_000)]).toEqual([null, 1_200, 1_200, 1_200])
})

test('one change right after another: what either may have done is possible for as long as clocks may differ', () => {
  const it = life(change('pause', 1_100, 1_200), change('resume', 1_201, 1_300))
  expect(statuses(it, 1_199)).toEqual(['active', 'paused'])
  expect(statuses(it, 1_202)).toEqual(['active', 'paused'])
  expect(statuses(it, 1_250)).toEqual(['active', 'paused'])
  expect(statuses(it, 1_400)).toEqual(['active'])
})
