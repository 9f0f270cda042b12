import { describe, expect, test } from 'vitest'
import { policies } from '../test/policies.ts'
import { cron, every, rrule } from '../test/schedules.ts'
import { clockAfter, occurrences, type Plan, plan } from './planner.ts'
import type { Policies, Schedule } from './schedule.ts'

const at = (time: string) => Date.parse(`2026-06-01T${time}Z`)
const exactly = (time: string) => ({ nominal: at(time), effective: at(time) })
const quarterly = every({ minutes: 15 })
const dark = (from: string, to: string, given: Parameters<typeof policies>[0] = {}) =>
  policies({ ...given, blackouts: [{ from: at(from), to: at(to) }] })

/** A job from an instant on, looked at only when it says so: each pass, with the instant it was made at. */
function run(schedule: Schedule, given: Policies, from: number, until: number): [at: number, pass: Plan][] {
  const passes: [number, Plan][] = []
  let { cursor, wakeAt } = { cursor: from, wakeAt: clockAfter(schedule, given, from).wakeAt }
  while (wakeAt !== null && wakeAt <= until) {
    const pass = plan(schedule, given, cursor, wakeAt)
    passes.push([wakeAt, pass])
    ;({ cursor, wakeAt } = pass)
  }
  return passes
}

describe('a blackout', () => {
  test('is one row with a count, written when its last occurrence comes', () => {
    const given = dark('12:00:00', '13:00:00')
    const before = plan(quarterly, given, at('11:30:00'), at('11:45:00'))
    expect(before).toMatchObject({ unsent: [], next: exactly('13:00:00'), wakeAt: at('12:45:00') })
    expect(before.send).toEqual([{ ...exactly('11:45:00'), behind: false }])
    expect(plan(quarterly, given, before.cursor, at('12:45:00'))).toEqual({
      send: [],
      unsent: [{ reason: 'blackout', first: at('12:00:00'), last: at('12:45:00'), count: 4 }],
      cancel: false,
      next: exactly('13:00:00'),
      wakeAt: at('13:00:00'),
      cursor: at('12:45:00'),
      runs: 0,
    })
    expect(occurrences(quarterly, given, at('11:30:00'), 3).map(({ nominal }) => nominal)).toEqual([
      at('11:45:00'),
      at('13:00:00'),
      at('13:15:00'),
    ])
  })

  test('begins with its first instant and ends before its last', () => {
    expect(occurrences(quarterly, dark('12:00:00', '12:15:00'), at('11:59:00'), 1)).toEqual([exactly('12:15:00')])
    expect(occurrences(quarterly, dark('12:00:00.001', '12:15:00'), at('11:59:00'), 1)).toEqual([exactly('12:00:00')])
  })

  test('without an occurrence in it changes nothing', () => {
    for (const now of ['12:00:00', '12:07:00', '12:20:00']) {
      const [with_, without] = [dark('12:01:00', '12:14:00'), policies()].map((it) =>
        plan(quarterly, it, at('11:50:00'), at(now)),
      )
      expect(with_).toEqual(without)
    }
  })

  test('seen in its midst says what was left out so far, and the rest at its end', () => {
    const given = dark('12:00:00', '13:00:00')
    const midst = plan(quarterly, given, at('11:45:00'), at('12:20:00'))
    expect(midst).toMatchObject({
      unsent: [{ reason: 'blackout', first: at('12:00:00'), last: at('12:15:00'), count: 2 }],
      cursor: at('12:15:00'),
      wakeAt: at('12:45:00'),
    })
    expect(plan(quarterly, given, midst.cursor, at('12:45:00')).unsent).toEqual([
      { reason: 'blackout', first: at('12:30:00'), last: at('12:45:00'), count: 2 },
    ])
  })

  test('two of them are two rows, with what is sent between', () => {
    const given = policies({
      blackouts: [
        { from: at('12:00:00'), to: at('12:30:00') },
        { from: at('12:45:00'), to: at('13:15:00') },
      ],
    })
    const passes = run(quarterly, given, at('11:45:00'), at('13:15:00'))
    expect(passes.map(([now, { send, unsent }]) => [now, send.length, unsent.map((it) => it.count)])).toEqual([
      [at('12:15:00'), 0, [2]],
      [at('12:30:00'), 1, []],
      [at('13:00:00'), 0, [2]],
      [at('13:15:00'), 1, []],
    ])
  })

  test('is not missed, however late it is seen, and does not count as coalesced', () => {
    const { send, unsent } = plan(every({ minutes: 1 }), dark('12:05:00', '12:10:00'), at('12:00:00'), at('12:20:30'))
    expect(send).toMatchObject([exactly('12:20:00')])
    expect(unsent).toEqual([
      { reason: 'missed_grace', first: at('12:01:00'), last: at('12:04:00'), count: 4 },
      { reason: 'blackout', first: at('12:05:00'), last: at('12:09:00'), count: 5 },
      { reason: 'coalesced', first: at('12:10:00'), last: at('12:19:00'), count: 10 },
    ])
  })

  test('holds the last occurrences of a schedule: they are recorded, and then the job has none left', () => {
    const ending = every({ minutes: 15 }, '2026-06-01T00:00:00Z', '2026-06-01T12:30:00Z')
    const given = dark('12:00:00', '18:00:00')
    const passes = run(ending, given, at('11:30:00'), at('23:00:00'))
    expect(passes.map(([now]) => now)).toEqual([at('11:45:00'), at('12:30:00')])
    expect(passes[0]?.[1]).toMatchObject({ next: null, wakeAt: at('12:30:00') })
    expect(passes[1]?.[1]).toEqual({
      send: [],
      unsent: [{ reason: 'blackout', first: at('12:00:00'), last: at('12:30:00'), count: 3 }],
      cancel: false,
      next: null,
      wakeAt: null,
      cursor: at('12:30:00'),
      runs: 0,
    })
  })

  test('holds a one-time job: it is recorded, and never sent', () => {
    const once: Schedule = { type: 'once', at: '2026-06-01T12:00:00Z' }
    const given = dark('11:00:00', '13:00:00')
    expect(clockAfter(once, given, at('10:00:00'))).toEqual({ next: null, wakeAt: at('12:00:00') })
    for (const now of ['12:00:00', '18:00:00']) {
      expect(plan(once, given, at('10:00:00'), at(now))).toMatchObject({
        send: [],
        unsent: [{ reason: 'blackout', first: at('12:00:00'), last: at('12:00:00'), count: 1 }],
        wakeAt: null,
        runs: 0,
      })
    }
    expect(plan(once, given, at('10:00:00'), at('11:59:59'))).toMatchObject({ unsent: [], wakeAt: at('12:00:00') })
  })

  test('an occurrence before it, of which the jitter ends in it, is sent; one in it is not, though its jitter ends after', () => {
    const given = dark('12:10:00', '12:50:00', { jitterSeconds: 800 })
    const all = occurrences(quarterly, policies({ jitterSeconds: 800 }), at('11:59:00'), 5)
    const passes = run(quarterly, given, at('11:59:00'), at('13:14:00'))
    expect(passes.flatMap(([, { send }]) => send.map(({ nominal, effective }) => ({ nominal, effective })))).toEqual(
      all.filter(({ nominal }) => nominal < at('12:10:00') || nominal >= at('12:50:00')),
    )
    for (const [now, { send }] of passes) for (const { effective } of send) expect(now).toBe(effective)
    expect(passes.flatMap(([, { unsent }]) => unsent)).toEqual([
      { reason: 'blackout', first: at('12:15:00'), last: at('12:45:00'), count: 3 },
    ])
  })
})

describe('what a gap leaves out, every 20 minutes of 02:00 in New York', () => {
  const zone = 'America/New_York'
  const skipping = policies({ zone, dst: { gap: 'skip' } })
  const ny = (day: string, time: string) => Date.parse(`2026-03-${day}T${time}:00${day < '08' ? '-05:00' : '-04:00'}`)
  const schedule = cron('*/20 2 * * *')
  // The minute begins with a star, so that it goes by the clock; of named minutes the policy decides.
  const named = cron('0,20,40 2 * * *')

  test('is one row in time, as far past the gap as it would have been into it', () => {
    const before = plan(named, skipping, ny('07', '02:20'), ny('07', '02:40'))
    expect(before).toMatchObject({ next: { nominal: ny('09', '02:00') }, wakeAt: ny('08', '03:40') })
    const pass = plan(named, skipping, before.cursor, ny('08', '03:40'))
    expect(pass).toMatchObject({
      send: [],
      unsent: [{ reason: 'dst_gap', first: ny('08', '03:00'), last: ny('08', '03:40'), count: 3 }],
      next: { nominal: ny('09', '02:00') },
      wakeAt: ny('09', '02:00'),
      cursor: ny('08', '03:40'),
    })
    expect(plan(named, skipping, pass.cursor, ny('09', '02:00'))).toMatchObject({ send: [{}], unsent: [] })
  })

  test.for([
    ['shift', 3],
    ['next_valid', 1],
  ] as const)('is nothing under %s, which sends %i', ([gap, count]) => {
    const given = policies({ zone, dst: { gap }, misfire: { policy: 'all', graceSeconds: 3600 } })
    const { send, unsent } = plan(named, given, ny('07', '12:00'), ny('08', '03:40'))
    expect([send.length, unsent]).toEqual([count, []])
  })

  test('is nothing for a cron that counts minutes as they come', () => {
    expect(clockAfter(schedule, skipping, ny('07', '12:00'))).toEqual({
      next: { nominal: ny('09', '02:00'), effective: ny('09', '02:00') },
      wakeAt: ny('09', '02:00'),
    })
  })

  test('does not take the place of a regular occurrence at the same instant', () => {
    // One row of the ledger has one nominal time: 02:00 left out would be recorded at 03:00.
    const both = cron('0 2,3 * * *')
    const { send, unsent } = plan(both, skipping, ny('07', '12:00'), ny('08', '03:00'))
    expect(send).toMatchObject([{ nominal: ny('08', '03:00') }])
    expect(unsent).toEqual([])
    const other = plan(cron('0,30 2,3 * * *'), skipping, ny('07', '12:00'), ny('08', '03:40'))
    expect(other.unsent.filter((it) => it.reason === 'dst_gap')).toEqual([])
  })

  test('between regular occurrences is a row for each stretch', () => {
    const passes = run(cron('10,40 2,3 * * *'), skipping, ny('07', '12:00'), ny('08', '12:00'))
    expect(passes.flatMap(([, { unsent }]) => unsent)).toEqual([])
    const mixed = rrule('FREQ=DAILY;BYHOUR=2,3;BYMINUTE=10,40;BYSETPOS=1,2,3', '2026-03-01T00:00:00-05:00')
    const seen = run(mixed, skipping, ny('07', '12:00'), ny('08', '12:00'))
    expect(seen.map(([now, { send, unsent }]) => [now, send.length, unsent])).toEqual([
      [ny('08', '03:10'), 1, []],
      [ny('08', '03:40'), 0, [{ reason: 'dst_gap', first: ny('08', '03:40'), last: ny('08', '03:40'), count: 1 }]],
    ])
  })

  test('before the start or after the end of the schedule is nothing', () => {
    const after = cron('0,20,40 2 * * *', { start: '2026-03-08T03:20:00-04:00' })
    expect(plan(after, skipping, ny('07', '12:00'), ny('08', '12:00')).unsent).toMatchObject([
      { reason: 'dst_gap', first: ny('08', '03:20'), last: ny('08', '03:40'), count: 2 },
    ])
    const ended = cron('0,20,40 2 * * *', { end: '2026-03-08T03:20:00-04:00' })
    const last = plan(ended, skipping, ny('07', '12:00'), ny('08', '12:00'))
    expect(last).toMatchObject({
      unsent: [{ first: ny('08', '03:00'), last: ny('08', '03:20'), count: 2 }],
      wakeAt: null,
    })
    expect(plan(ended, skipping, ny('07', '01:00'), ny('07', '02:40'))).toMatchObject({
      next: null,
      wakeAt: ny('08', '03:20'),
    })
  })

  test.for(['UNTIL=20260307T235959', 'UNTIL=20260308T050000Z'])('after %s is nothing', (end) => {
    const schedule = rrule(`FREQ=DAILY;BYHOUR=2;BYMINUTE=30;${end}`, '2026-03-01T00:00:00-05:00')
    expect(plan(schedule, skipping, ny('07', '01:00'), ny('07', '02:30'))).toMatchObject({ next: null, wakeAt: null })
    expect(plan(schedule, skipping, ny('07', '02:30'), ny('09', '02:30')).unsent).toEqual([])
  })

  test('of a daily interval is recorded on the day', () => {
    const daily = every({ days: 1 }, '2026-03-01T02:30:00-05:00')
    const passes = run(daily, skipping, ny('07', '12:00'), ny('09', '12:00'))
    expect(passes.map(([now, { send, unsent }]) => [now, send.length, unsent])).toEqual([
      [ny('08', '03:30'), 0, [{ reason: 'dst_gap', first: ny('08', '03:30'), last: ny('08', '03:30'), count: 1 }]],
      [ny('09', '02:30'), 1, []],
    ])
  })

  test('waits for an occurrence before it, of which the jitter has not ended', () => {
    const early = cron('30 1,2 * * *')
    const gap = { reason: 'dst_gap', first: ny('08', '03:30'), last: ny('08', '03:30'), count: 1 }
    let waited = 0
    for (let seed = 0; seed < 20; seed += 1) {
      const given = policies({ zone, seed: `${seed}`, dst: { gap: 'skip' }, jitterSeconds: 7200 })
      const [first] = occurrences(early, given, ny('07', '12:00'), 1)
      if (!first) throw new Error('no occurrence')
      const passes = run(early, given, ny('07', '12:00'), ny('08', '12:00'))
      expect(passes.flatMap(([, { send }]) => send)).toEqual([{ ...first, behind: false }])
      expect(passes.flatMap(([, { unsent }]) => unsent)).toEqual([gap])
      for (let now = first.nominal; now < first.effective; now += 60_000) {
        expect(plan(early, given, ny('07', '12:00'), now)).toMatchObject({
          send: [],
          unsent: [],
          wakeAt: first.effective,
        })
      }
      if (first.effective > gap.first) waited += 1
    }
    expect(waited).toBeGreaterThan(3)
  })
})
