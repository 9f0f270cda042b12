import { describe, expect, test } from 'vitest'
import { policies } from '../test/policies.ts'
import { every } from '../test/schedules.ts'
import { plan } from './planner.ts'
import type { JobState, Schedule } from './schedule.ts'

const at = (time: string) => Date.parse(`2026-06-01T${time}Z`)
const minutely = every({ minutes: 1 })
const state = (given: Partial<JobState>): JobState => ({ runs: 0, live: 0, behind: 0, ...given })
const times = (send: { nominal: number }[]) => send.map(({ nominal }) => new Date(nominal).toISOString().slice(11, 16))

describe('max_runs', () => {
  const limited = (maxRuns: number, given: Parameters<typeof policies>[0] = {}) => policies({ maxRuns, ...given })

  test('the last run completes the job, and before it nothing is different', () => {
    const first = plan(minutely, limited(2), at('12:00:00'), at('12:01:00'))
    expect(first).toMatchObject({ send: [{}], next: { nominal: at('12:02:00') }, wakeAt: at('12:02:00'), runs: 1 })
    expect(plan(minutely, limited(2), first.cursor, at('12:02:00'), state({ runs: 1 }))).toEqual({
      send: [{ nominal: at('12:02:00'), effective: at('12:02:00'), behind: false }],
      unsent: [],
      cancel: false,
      next: null,
      wakeAt: null,
      cursor: at('12:02:00'),
      runs: 2,
    })
  })

  test('once they are used up, nothing is due any more', () => {
    for (const runs of [2, 3]) {
      expect(plan(minutely, limited(2), at('12:00:00'), at('18:00:00'), state({ runs }))).toEqual({
        send: [],
        unsent: [],
        cancel: false,
        next: null,
        wakeAt: null,
        cursor: at('12:00:00'),
        runs,
      })
    }
  })

  test('what is missed, coalesced, in a blackout or skipped because another is unfinished is no run', () => {
    const misfire = { graceSeconds: 60 }
    const blackouts = [{ from: at('12:05:00'), to: at('12:08:00') }]
    const given = limited(3, { misfire, blackouts, overlap: 'skip' })
    const pass = plan(minutely, given, at('12:00:00'), at('12:10:30'), state({ runs: 1 }))
    expect(pass).toMatchObject({ send: [{ nominal: at('12:10:00') }], runs: 2, wakeAt: at('12:11:00') })
    expect(pass.unsent.map(({ reason, count }) => [reason, count])).toEqual([
      ['missed_grace', 6],
      ['blackout', 3],
    ])
    const busy = plan(minutely, given, pass.cursor, at('12:11:00'), state({ runs: 2, live: 1 }))
    expect(busy).toMatchObject({
      send: [],
      unsent: [{ reason: 'overlap_skipped', first: at('12:11:00'), last: at('12:11:00'), count: 1 }],
      runs: 2,
      wakeAt: at('12:12:00'),
    })
    expect(plan(minutely, given, busy.cursor, at('12:12:00'), state({ runs: 2 }))).toMatchObject({
      send: [{ nominal: at('12:12:00') }],
      runs: 3,
      wakeAt: null,
    })
  })

  test('all with fewer runs left sends the oldest of what it would send, and what comes after is nothing', () => {
    const misfire = { policy: 'all', graceSeconds: 600, max: 5 } as const
    const now = at('12:20:30')
    const unlimited = plan(minutely, policies({ misfire }), at('12:00:00'), now)
    expect(times(unlimited.send)).toEqual(['12:16', '12:17', '12:18', '12:19', '12:20'])
    const pass = plan(minutely, limited(3, { misfire }), at('12:00:00'), now, state({ runs: 1 }))
    expect(times(pass.send)).toEqual(['12:16', '12:17'])
    expect(pass.unsent).toEqual(unlimited.unsent)
    expect(pass).toMatchObject({ cursor: at('12:17:00'), runs: 3, next: null, wakeAt: null })
  })

  test('with exactly as many left as are due, the last of them completes the job', () => {
    const misfire = { policy: 'all', graceSeconds: 120 } as const
    const pass = plan(minutely, limited(2, { misfire }), at('12:00:00'), at('12:03:30'))
    expect(times(pass.send)).toEqual(['12:02', '12:03'])
    expect(pass).toMatchObject({ wakeAt: null, unsent: [{ reason: 'missed_grace', count: 1 }] })
  })

  test('a blackout or a gap before the last run is recorded, one after it is not', () => {
    const misfire = { policy: 'all', graceSeconds: 86_400 } as const
    const blackouts = [
      { from: at('12:02:00'), to: at('12:04:00') },
      { from: at('12:06:00'), to: at('12:08:00') },
    ]
    const pass = plan(minutely, limited(3, { misfire, blackouts }), at('12:00:00'), at('12:20:00'))
    expect(times(pass.send)).toEqual(['12:01', '12:04', '12:05'])
    expect(pass.unsent).toEqual([{ reason: 'blackout', first: at('12:02:00'), last: at('12:03:00'), count: 2 }])
    expect(pass.cursor).toBe(at('12:05:00'))
  })

  test('of one that queues, those beyond its runs are neither sent nor skipped', () => {
    const misfire = { policy: 'all', graceSeconds: 86_400 } as const
    const pass = plan(minutely, limited(1, { misfire, overlap: 'queue_one' }), at('12:00:00'), at('12:05:00'))
    expect(times(pass.send)).toEqual(['12:01'])
    expect(pass.unsent).toEqual([])
  })

  test('a one-time job has its one run', () => {
    const once: Schedule = { type: 'once', at: '2026-06-01T12:00:00Z' }
    expect(plan(once, limited(1), at('11:00:00'), at('12:00:00'))).toMatchObject({ send: [{}], runs: 1, wakeAt: null })
  })
})

describe('overlap', () => {
  const seen = (overlap: 'skip' | 'queue_one' | 'queue_all' | 'cancel_running' | 'allow', live: number, behind = 0) =>
    plan(
      minutely,
      policies({ overlap, misfire: { policy: 'all' } }),
      at('12:00:00'),
      at('12:03:00'),
      state({ live, behind }),
    )

  test.for([
    ['allow', 0, ['12:01', '12:02', '12:03'], []],
    ['allow', 1, ['12:01', '12:02', '12:03'], []],
    ['skip', 0, ['12:01', '12:02', '12:03'], []],
    ['skip', 1, [], [['12:01', '12:03', 3]]],
    ['queue_one', 0, ['12:01', '12:02'], [['12:03', '12:03', 1]]],
    ['queue_one', 1, ['12:01'], [['12:02', '12:03', 2]]],
    ['queue_all', 1, ['12:01', '12:02', '12:03'], []],
    ['cancel_running', 0, ['12:03'], [['12:01', '12:02', 2]]],
    ['cancel_running', 1, ['12:03'], [['12:01', '12:02', 2]]],
  ] as const)('%s with %i unfinished accounts for all that is due', ([policy, live, sent, skipped]) => {
    const pass = seen(policy, live)
    expect(times(pass.send)).toEqual(sent)
    expect(pass.unsent.map((it) => [...times([{ nominal: it.first }, { nominal: it.last }]), it.count])).toEqual(
      skipped,
    )
    for (const { reason } of pass.unsent) expect(reason).toBe('overlap_skipped')
    expect(pass).toMatchObject({ cursor: at('12:03:00'), runs: sent.length, wakeAt: at('12:04:00') })
  })

  test('cancel_running cancels when something is due, and what it sends waits for what is in flight', () => {
    expect(seen('cancel_running', 1)).toMatchObject({ cancel: true, send: [{ behind: true }] })
    expect(seen('cancel_running', 0)).toMatchObject({ cancel: false, send: [{ behind: false }] })
    const given = policies({ overlap: 'cancel_running' })
    expect(plan(minutely, given, at('12:00:00'), at('12:00:59'), state({ live: 1 }))).toMatchObject({ cancel: false })
  })

  test('cancel_running does not cancel for what is not sent', () => {
    const given = policies({ overlap: 'cancel_running', blackouts: [{ from: at('12:00:00'), to: at('13:00:00') }] })
    expect(plan(minutely, given, at('12:00:00'), at('12:30:00'), state({ live: 1 }))).toMatchObject({ cancel: false })
    const late = policies({ overlap: 'cancel_running', misfire: { policy: 'skip' } })
    expect(plan(minutely, late, at('12:00:00'), at('12:01:30'), state({ live: 1 }))).toMatchObject({
      cancel: false,
      unsent: [{ reason: 'missed_grace' }],
    })
  })

  test('the last run of cancel_running cancels those before it', () => {
    const given = policies({ overlap: 'cancel_running', maxRuns: 2 })
    expect(plan(minutely, given, at('12:00:00'), at('12:01:00'), state({ runs: 1, live: 1 }))).toMatchObject({
      cancel: true,
      wakeAt: null,
      runs: 2,
    })
  })
})
