import { describe, expect, test } from 'vitest'
import { policies } from '../test/policies.ts'
import { cron, every, rrule } from '../test/schedules.ts'
import { parseDateTime } from './datetime.ts'
import { clockAfter, nextOccurrence, occurrences, plan } from './planner.ts'
import type { Misfire, OnceSchedule, Schedule } from './schedule.ts'
import { formatInZone, parseZone } from './timezone.ts'

const at = (time: string) => Date.parse(`2026-06-01T${time}Z`)
const minutely = every({ minutes: 1 })
const once: OnceSchedule = { type: 'once', at: '2026-06-01T12:00:00Z' }
const exactly = (time: string) => ({ nominal: at(time), effective: at(time) })
const sent = (time: string) => ({ ...exactly(time), behind: false })
const jittered = (jitterSeconds: number) => policies({ jitterSeconds })

describe('the example jobs, created on Thursday 1 January 2026, 10:20:30 in Jakarta', () => {
  const created = Date.parse('2026-01-01T10:20:30+07:00')

  test.for([
    [{ days: 1 }, '2024-01-20T08:00:00', '2026-01-02T08:00:00+07:00'],
    [{ weeks: 1 }, '2024-01-22T09:00:00', '2026-01-05T09:00:00+07:00'],
    [{ days: 365 }, '2024-01-01T00:00:00', '2026-12-31T00:00:00+07:00'],
    [{ hours: 2 }, null, '2026-01-01T12:20:30+07:00'],
    [{ minutes: 30 }, null, '2026-01-01T10:50:30+07:00'],
    [{ weeks: 2 }, '2024-01-19T15:00:00', '2026-01-02T15:00:00+07:00'],
    [{ years: 1 }, '2024-01-01T00:00:00', '2027-01-01T00:00:00+07:00'],
    [{ days: 1 }, '2026-01-20T08:00:00', '2026-01-20T08:00:00+07:00'],
  ] as const)('%j from %s runs next at %s', ([units, start, expected]) => {
    const zone = parseZone('GMT+7') ?? ''
    const parsed = parseDateTime(start ?? formatInZone(created, zone), zone)
    if (!parsed.ok) throw new Error(parsed.reason)
    const schedule = { ...every(units, parsed.text), anchorGiven: start !== null }
    const next = nextOccurrence(schedule, policies({ zone }), created)
    expect(formatInZone(next?.nominal ?? 0, zone)).toBe(expected)
  })
})

describe('a job on time', () => {
  test('nothing is due before the next occurrence, and the cursor stays', () => {
    expect(plan(minutely, policies(), at('12:00:00'), at('12:00:59.999'))).toEqual({
      send: [],
      unsent: [],
      cancel: false,
      next: exactly('12:01:00'),
      wakeAt: at('12:01:00'),
      cursor: at('12:00:00'),
      runs: 0,
    })
  })

  test('the occurrence whose time has come is sent, once', () => {
    const due = plan(minutely, policies(), at('12:00:00'), at('12:01:00'))
    expect(due).toEqual({
      send: [sent('12:01:00')],
      unsent: [],
      cancel: false,
      next: exactly('12:02:00'),
      wakeAt: at('12:02:00'),
      cursor: at('12:01:00'),
      runs: 1,
    })
    expect(plan(minutely, policies(), due.cursor, at('12:01:00')).send).toEqual([])
  })

  test('a clock behind the cursor sends nothing', () => {
    expect(plan(minutely, policies(), at('12:00:00'), at('11:00:00'))).toMatchObject({
      send: [],
      cursor: at('12:00:00'),
    })
  })

  test('the end is inclusive, and after it nothing is left', () => {
    const ending = every({ minutes: 1 }, '2026-06-01T00:00:00Z', '2026-06-01T12:01:00Z')
    expect(plan(ending, policies(), at('12:00:00'), at('12:01:00'))).toMatchObject({
      send: [exactly('12:01:00')],
      next: null,
    })
    expect(plan(ending, policies(), at('12:01:00'), at('18:00:00'))).toMatchObject({ send: [], unsent: [], next: null })
    expect(nextOccurrence(ending, policies(), at('12:01:00'))).toBeNull()
    expect(occurrences(ending, policies(), at('11:58:30'), 10)).toHaveLength(3)
  })

  test('an end before the start leaves no occurrence', () => {
    const empty = every({ minutes: 1 }, '2026-06-01T12:00:00Z', '2026-06-01T11:59:59Z')
    expect(plan(empty, policies(), at('11:00:00'), at('13:00:00'))).toMatchObject({ send: [], unsent: [], next: null })
  })
})

describe('misfire: 12:01 to 12:20 missed, seen at 12:20:30 with a grace of 15 minutes', () => {
  const see = (misfire: Partial<Misfire>) => plan(minutely, policies({ misfire }), at('12:00:00'), at('12:20:30'))
  const old = { reason: 'missed_grace', first: at('12:01:00'), last: at('12:05:00'), count: 5 }

  test('last sends the newest and coalesces the others within the grace', () => {
    expect(see({ policy: 'last' })).toEqual({
      send: [sent('12:20:00')],
      unsent: [old, { reason: 'coalesced', first: at('12:06:00'), last: at('12:19:00'), count: 14 }],
      cancel: false,
      next: exactly('12:21:00'),
      wakeAt: at('12:21:00'),
      cursor: at('12:20:00'),
      runs: 1,
    })
  })

  test('all sends every one within the grace', () => {
    const { send, unsent } = see({ policy: 'all' })
    expect([send.length, send[0], send.at(-1)]).toEqual([15, sent('12:06:00'), sent('12:20:00')])
    expect(unsent).toEqual([old])
  })

  test('all sends the newest up to its maximum, and coalesces the older', () => {
    const { send, unsent } = see({ policy: 'all', max: 3 })
    expect(send).toEqual([sent('12:18:00'), sent('12:19:00'), sent('12:20:00')])
    expect(unsent).toEqual([old, { reason: 'coalesced', first: at('12:06:00'), last: at('12:17:00'), count: 12 }])
  })

  test('skip sends none, as none is on time', () => {
    expect(see({ policy: 'skip' })).toMatchObject({
      send: [],
      unsent: [{ reason: 'missed_grace', first: at('12:01:00'), last: at('12:20:00'), count: 20 }],
    })
  })

  test('skip sends what is late by a second, and not what is later', () => {
    const seen = (now: string) =>
      plan(minutely, policies({ misfire: { policy: 'skip' } }), at('12:00:00'), at(now)).send
    expect(seen('12:01:01')).toEqual([sent('12:01:00')])
    expect(seen('12:01:01.001')).toEqual([])
  })

  test('what is late by the grace exactly is sent, a millisecond more is not', () => {
    const seen = (now: string) => plan(every({ hours: 1 }), policies(), at('11:00:00'), at(now)).send
    expect(seen('12:15:00')).toEqual([sent('12:00:00')])
    expect(seen('12:15:00.001')).toEqual([])
  })
})

describe('a one-time job is never lost', () => {
  test.for(['skip', 'last', 'all'] as const)('under %s it is sent within its grace and expired past it', (policy) => {
    expect(plan(once, policies({ misfire: { policy } }), at('11:00:00'), at('11:59:59'))).toMatchObject({
      send: [],
      next: exactly('12:00:00'),
    })
    for (const now of ['12:00:00', '12:15:00']) {
      expect(plan(once, policies({ misfire: { policy } }), at('11:00:00'), at(now))).toEqual({
        send: [sent('12:00:00')],
        unsent: [],
        cancel: false,
        next: null,
        wakeAt: null,
        cursor: at('12:00:00'),
        runs: 1,
      })
    }
    expect(plan(once, policies({ misfire: { policy } }), at('11:00:00'), at('12:15:00.001'))).toMatchObject({
      send: [],
      unsent: [{ reason: 'expired', first: at('12:00:00'), last: at('12:00:00'), count: 1 }],
      next: null,
    })
  })
})

describe('an every-second job that slept a year', () => {
  const [start, now] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)]
  const to = (last: number) => Array.from({ length: last + 1 }, (_, i) => i).join(',')
  const secondly: Record<string, Schedule> = {
    interval: every({ seconds: 1 }, '2026-01-01T00:00:00Z'),
    cron: cron('* * * * * *'),
    'cron of named times': cron('0-59 0-59 0-23 * * *'),
    rrule: rrule('FREQ=SECONDLY', '2026-01-01T00:00:00Z'),
    'rrule of named times': rrule(
      `FREQ=DAILY;BYHOUR=${to(23)};BYMINUTE=${to(59)};BYSECOND=${to(59)}`,
      '2026-01-01T00:00:00Z',
    ),
  }

  test.for(Object.entries(secondly))('is one pass and one run, cheaply: %s', ([, schedule]) => {
    for (const jitterSeconds of [0, 3600]) {
      const given = policies({ zone: 'America/New_York', jitterSeconds })
      plan(schedule, given, start, now)
      const began = performance.now()
      for (let i = 0; i < 10; i += 1) plan(schedule, given, start, now)
      expect((performance.now() - began) / 10).toBeLessThan(50)
      const { send, unsent } = plan(schedule, given, start, now)
      expect([send.length, unsent.length]).toEqual([1, 2])
    }
  })

  test.for(['interval', 'cron', 'cron of named times', 'rrule', 'rrule of named times'])(
    '%s: each second is accounted for',
    (name) => {
      expect(plan(secondly[name] as Schedule, policies(), start, now)).toMatchObject({
        send: [{ nominal: now }],
        unsent: [
          { reason: 'missed_grace', first: start + 1000, last: now - 901_000, count: 31_536_000 - 901 },
          { reason: 'coalesced', first: now - 900_000, last: now - 1000, count: 900 },
        ],
      })
    },
  )
})

describe('the bounds of a rule are inclusive', () => {
  const bounds = { start: '2026-06-01T14:00:00+02:00', end: '2026-06-01T15:00:00+02:00' }
  const rules: Record<string, Schedule> = {
    cron: cron('*/30 * * * *', bounds),
    rrule: rrule('FREQ=DAILY;BYHOUR=13,14,15,16;BYMINUTE=0,30', '2026-05-01T00:00:00+02:00', bounds),
    'exact rrule': rrule('FREQ=MINUTELY;INTERVAL=30', '2026-05-01T00:00:00+02:00', bounds),
  }
  const inside = [exactly('12:00:00'), exactly('12:30:00'), exactly('13:00:00')]

  test.for(Object.entries(rules))('%s', ([, schedule]) => {
    expect(occurrences(schedule, policies({ zone: 'Europe/Rome' }), 0, 10)).toEqual(inside)
    const all = policies({ zone: 'Europe/Rome', misfire: { policy: 'all', graceSeconds: 86_400 } })
    const planned = plan(schedule, all, at('11:00:00'), at('18:00:00'))
    expect(planned).toMatchObject({ unsent: [], next: null, wakeAt: null, cursor: at('13:00:00'), runs: 3 })
    expect(planned.send).toEqual(inside.map((it) => ({ ...it, behind: false })))
    expect(clockAfter(schedule, all, at('11:00:00'))).toEqual({ next: inside[0], wakeAt: at('12:00:00') })
    expect(clockAfter(schedule, all, at('13:00:00'))).toEqual({ next: null, wakeAt: null })
  })
})

describe('jitter', () => {
  test('an occurrence is due at its effective time, and late from there', () => {
    const [next] = occurrences(every({ hours: 1 }), jittered(600), at('11:30:00'), 1)
    if (!next) throw new Error('no occurrence')
    expect(next.nominal).toBe(at('12:00:00'))
    expect(next.effective).toBeGreaterThan(next.nominal)
    const seen = (now: number) => plan(every({ hours: 1 }), jittered(600), at('11:30:00'), now).send
    expect(seen(next.effective - 1)).toEqual([])
    expect(seen(next.effective)).toEqual([{ ...next, behind: false }])
    expect(seen(next.effective + 900_000)).toEqual([{ ...next, behind: false }])
    expect(seen(next.effective + 900_001)).toEqual([])
  })

  test('larger than the interval, it still stays before the next occurrence', () => {
    for (const { nominal, effective } of occurrences(minutely, jittered(3600), at('12:00:00'), 500)) {
      expect(effective - nominal).toBeGreaterThanOrEqual(0)
      expect(effective - nominal).toBeLessThan(60_000)
    }
  })

  test('the end of a schedule does not move the occurrences before it', () => {
    const ending = every({ minutes: 1 }, '2026-06-01T00:00:00Z', '2026-06-01T12:01:00Z')
    expect(occurrences(ending, jittered(600), at('12:00:00'), 9)).toEqual(
      occurrences(minutely, jittered(600), at('12:00:00'), 1),
    )
  })
})

test.for([
  ['a zone that does not exist', minutely, 'Mars/Phobos'],
  ['an anchor that is no datetime', every({ days: 1 }, 'soon'), 'UTC'],
  ['an empty interval', every({}), 'UTC'],
] as const)('%s is a RangeError, so that the row can be set aside', ([, schedule, zone]) => {
  expect(() => plan(schedule, policies({ zone }), 0, 1)).toThrow(RangeError)
})
