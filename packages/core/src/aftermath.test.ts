import { describe, expect, test } from 'vitest'
import { aftermathOf, type Concerned } from './aftermath.ts'
import { type Event, inOrder } from './event.ts'

const job: Concerned = {
  ...{ id: 'j', name: 'report', tags: ['a'], externalId: 'x', version: 3, isActive: true, failedInRow: 0 },
  ...{ pauseAfter: null, notify: null },
}
const about = { job_id: 'j', name: 'report', tags: ['a'], external_id: 'x' }
const at = (n: number) => new Date(Date.UTC(2026, 10, 24, 1, 0, n))

function event(type: Event['type'], n: number, data: Event['data'] = {}): Event {
  return { id: `e${n}`, type, jobId: 'j', executionId: `x${n}`, destination: null, at: at(n), data }
}
const failed = (n: number, data: Event['data'] = { status: 500, job_version: 3 }) => event('execution.failed', n, data)
const succeeded = (n: number) => event('execution.succeeded', n)

const after = (events: Event[], changes: Partial<Concerned> = {}, overtaken: string[] = []) =>
  aftermathOf({ ...job, ...changes }, events, new Set(overtaken))
const types = (events: Event[], changes: Partial<Concerned> = {}, overtaken: string[] = []) =>
  after(events, changes, overtaken).notices.map(({ type }) => type)

test('the first failure in a row says that the job fails, each says that its execution is a dead letter', () => {
  expect(after([failed(1), failed(2)])).toMatchObject({ failedInRow: 2, pause: null })
  expect(types([failed(1), failed(2)])).toEqual(['job.failing', 'execution.dead_lettered', 'execution.dead_lettered'])
  expect(types([failed(9)], { failedInRow: 1 })).toEqual(['execution.dead_lettered'])
})

test('the success after failures says that it recovered, and after how many; another says nothing', () => {
  const { failedInRow, notices } = after([failed(1), failed(2), succeeded(3), succeeded(4)])
  expect(failedInRow).toBe(0)
  expect(notices.map(({ type }) => type).slice(3)).toEqual(['job.recovered'])
  expect(notices[3]).toEqual({
    ...{ type: 'job.recovered', jobId: 'j', at: at(3) },
    data: { ...about, execution_id: 'x3', failures: 2 },
  })
})

test('what is told names the job as its client knows it, and what the event says', () => {
  const data = { reason: 'rejected', status: 500, error: null, attempt: 4 }
  expect(after([failed(1, data)]).notices[0]).toEqual({
    ...{ type: 'job.failing', jobId: 'j', at: at(1) },
    data: { ...about, execution_id: 'x1', ...data },
  })
  const missed = { ...event('execution.missed', 1, { first: 'a', last: 'b', count: 2 }), executionId: null }
  expect(after([missed])).toEqual({
    ...{ failedInRow: 0, pause: null },
    notices: [{ type: 'execution.missed', jobId: 'j', at: at(1), data: { ...about, first: 'a', last: 'b', count: 2 } }],
  })
})

test('a failure that a success has overtaken begins no row of failures, but goes on with one that has begun', () => {
  expect(after([failed(1)], {}, ['e1'])).toMatchObject({ failedInRow: 0 })
  expect(types([failed(1)], {}, ['e1'])).toEqual(['execution.dead_lettered'])
  expect(after([failed(1)], { failedInRow: 2 }, ['e1'])).toMatchObject({ failedInRow: 3 })
  expect(after([failed(1), failed(2)], { pauseAfter: 2 }, ['e1'])).toMatchObject({ failedInRow: 1, pause: null })
})

describe('a pause', () => {
  const two = [failed(1), failed(2)]

  test('comes with the failure that makes the row as long as the job allows, and says so', () => {
    expect(after([failed(1)], { pauseAfter: 2 }).pause).toBeNull()
    const { pause, notices } = after(two, { pauseAfter: 2 })
    expect(pause).toBe(
      'Its last 2 executions failed for good, the latest at 2026-11-24T01:00:02.000Z; resume it once its receiver works.',
    )
    expect(notices.at(-1)).toMatchObject({
      type: 'job.paused',
      data: { cause: 'failures', failures: 2, status_reason: pause, execution_id: 'x2' },
    })
    expect(after([failed(1)], { pauseAfter: 1 }).pause).toMatch(/^Its last execution failed for good, the latest/)
  })

  test('does not come when a success is between, nor of a job that is no longer active, and comes once', () => {
    expect(after([failed(1), succeeded(2), failed(3)], { pauseAfter: 2 }).pause).toBeNull()
    expect(types(two, { pauseAfter: 1, isActive: false })).not.toContain('job.paused')
    expect(types(two, { pauseAfter: 1 }).filter((it) => it === 'job.paused')).toHaveLength(1)
  })

  test('comes again after as many failures more, when the job was resumed and fails on', () => {
    expect(after([failed(1)], { pauseAfter: 2, failedInRow: 2 }).pause).toBeNull()
    expect(after(two, { pauseAfter: 2, failedInRow: 2 }).pause).toMatch(/^Its last 4 executions/)
  })

  test('comes at once with 410, unless the job was changed since', () => {
    const gone = (job_version: number) => failed(1, { status: 410, job_version })
    const { pause, notices } = after([gone(3)])
    expect(pause).toBe('Its receiver answered 410 Gone at 2026-11-24T01:00:01.000Z; resume it once the URL is right.')
    expect(notices.at(-1)).toMatchObject({ type: 'job.paused', data: { cause: 'gone', failures: 1 } })
    expect(after([gone(2)]).pause).toBeNull()
  })
})

test('events are taken in the order of the database’s time, whatever the clocks said that made their ids', () => {
  const skewed = { ...succeeded(1), id: 'e9' }
  expect(inOrder([skewed, failed(2)])).toEqual([skewed, failed(2)])
  expect(inOrder([failed(2), skewed])).toEqual([skewed, failed(2)])
  expect(
    inOrder([
      { ...failed(1), id: 'b' },
      { ...failed(1), id: 'a' },
    ]).map(({ id }) => id),
  ).toEqual(['a', 'b'])
})
