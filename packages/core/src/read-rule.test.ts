import { describe, expect, test } from 'vitest'
import type { FieldError } from './problem.ts'
import { readCron, readRrule, writeRrule } from './read-rule.ts'
import type { ReadSchedule } from './read-schedule.ts'
import type { CronSchedule, RruleSchedule, Schedule } from './schedule.ts'

const now = Date.parse('2026-01-01T10:20:30.456+07:00')
const none = { startDate: undefined, endDate: undefined }

const scheduleOf = <S extends Schedule>(read: ReadSchedule<S>): S => {
  if ('errors' in read) throw new Error(JSON.stringify(read.errors))
  return read.schedule
}
const errorsOf = (read: ReadSchedule<Schedule>): FieldError[] => ('errors' in read ? read.errors : [])
const paths = (read: ReadSchedule<Schedule>): string[] => errorsOf(read).map(({ path }) => path)

describe('readCron', () => {
  const read = (fields: Partial<Parameters<typeof readCron>[0]>, base?: CronSchedule) =>
    readCron({ cron: undefined, ...none, ...fields }, 'Asia/Jakarta', base)

  test('keeps the text as it was given, and its bounds with the offset of the zone', () => {
    expect(
      scheduleOf(read({ cron: ' 0 9 * * mon-FRI ', startDate: '2027-01-01', endDate: '2027-06-30T02:00:00Z' })),
    ).toEqual({
      type: 'cron',
      cron: '0 9 * * mon-FRI',
      start: '2027-01-01T00:00:00+07:00',
      end: '2027-06-30T09:00:00+07:00',
    })
    expect(scheduleOf(read({ cron: '@daily', startDate: null, endDate: null }))).toEqual({
      type: 'cron',
      cron: '@daily',
    })
  })

  test('names the field that is at fault, and all of them', () => {
    expect(paths(read({ cron: '61 * * * *' }))).toEqual(['cron'])
    expect(paths(read({}))).toEqual(['cron'])
    expect(paths(read({ cron: 'often', startDate: 'soon', endDate: '2027-02-30' }))).toEqual([
      'cron',
      'start_date',
      'end_date',
    ])
  })

  test('refuses a start after the end, and blames the one that was given', () => {
    const [start, end] = ['2027-02-01T00:00:00', '2027-01-31T23:59:59']
    expect(errorsOf(read({ cron: '@daily', startDate: start, endDate: end }))).toEqual([
      { path: 'end_date', message: 'must not be before start_date' },
    ])
    const base = scheduleOf(read({ cron: '@daily', startDate: '2027-01-01', endDate: end }))
    expect(errorsOf(read({ startDate: start }, base))).toEqual([
      { path: 'start_date', message: 'must not be after end_date' },
    ])
    expect(scheduleOf(read({ cron: '@daily', startDate: start, endDate: start }))).toMatchObject({ cron: '@daily' })
  })

  test('of a change keeps what is not given, and drops what is null', () => {
    const base = scheduleOf(read({ cron: '@daily', startDate: '2027-01-01', endDate: '2027-02-01' }))
    expect(scheduleOf(read({}, base))).toEqual(base)
    expect(scheduleOf(read({ cron: '@hourly' }, base))).toEqual({ ...base, cron: '@hourly' })
    expect(scheduleOf(read({ startDate: null, endDate: null }, base))).toEqual({ type: 'cron', cron: '@daily' })
  })
})

describe('readRrule', () => {
  const read = (fields: Partial<Parameters<typeof readRrule>[0]>, base?: RruleSchedule, zone = 'Asia/Jakarta') =>
    readRrule({ rrule: undefined, limited: false, ...none, ...fields }, zone, now, base)

  test('without DTSTART is anchored at the moment of creation, without its milliseconds', () => {
    expect(scheduleOf(read({ rrule: 'FREQ=DAILY' }))).toEqual({
      type: 'rrule',
      rrule: 'RRULE:FREQ=DAILY',
      anchor: '2026-01-01T10:20:30+07:00',
      anchorGiven: false,
    })
  })

  test('takes DTSTART for its anchor, in the zone of the job', () => {
    for (const start of [
      'DTSTART:20260130T170000',
      'DTSTART;TZID=Asia/Jakarta:20260130T170000',
      'DTSTART:20260130T100000Z',
    ]) {
      expect(scheduleOf(read({ rrule: `${start}\nRRULE:FREQ=MONTHLY;BYDAY=-1FR`, startDate: '2026-03-01' }))).toEqual({
        type: 'rrule',
        rrule: 'RRULE:FREQ=MONTHLY;BYDAY=-1FR',
        anchor: '2026-01-30T17:00:00+07:00',
        anchorGiven: true,
        start: '2026-03-01T00:00:00+07:00',
      })
    }
  })

  test('is written back with its DTSTART', () => {
    const text = 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\nEXDATE:20260227T170000'
    expect(writeRrule(scheduleOf(read({ rrule: text })))).toBe(text)
  })

  test('refuses a TZID that contradicts the zone of the job', () => {
    const [error] = errorsOf(read({ rrule: 'DTSTART;TZID=Europe/Rome:20260130T170000\nRRULE:FREQ=DAILY' }))
    expect(error?.path).toBe('rrule')
    expect(error?.message).toContain('TZID Europe/Rome, but timezone is Asia/Jakarta')
  })

  test('refuses a rule of every second that nothing ends', () => {
    const secondly = 'FREQ=SECONDLY;INTERVAL=5'
    const [error] = errorsOf(read({ rrule: secondly }))
    expect(error).toEqual({ path: 'rrule', message: expect.stringContaining('FREQ=SECONDLY without an end') })
    expect(errorsOf(read({ rrule: secondly, limited: true }))).toEqual([])
    expect(errorsOf(read({ rrule: secondly, endDate: '2027-01-01' }))).toEqual([])
    expect(errorsOf(read({ rrule: `${secondly};COUNT=10` }))).toEqual([])
    expect(errorsOf(read({ rrule: `${secondly};UNTIL=20270101T000000Z` }))).toEqual([])
    expect(errorsOf(read({ rrule: 'FREQ=MINUTELY' }))).toEqual([])
    // A change that takes the end away leaves it without one.
    const base = scheduleOf(read({ rrule: secondly, endDate: '2027-01-01' }))
    expect(errorsOf(read({ limited: false }, base))).toEqual([])
    expect(paths(read({ endDate: null }, base))).toEqual(['rrule'])
  })

  test('names all that is at fault', () => {
    expect(paths(read({ rrule: 'FREQ=FORTNIGHTLY', startDate: 'soon', endDate: '2027' }))).toEqual([
      'rrule',
      'start_date',
      'end_date',
    ])
    expect(paths(read({}))).toEqual(['rrule'])
    expect(errorsOf(read({ rrule: 'FREQ=DAILY', startDate: '2027-02-01', endDate: '2027-01-01' }))).toEqual([
      { path: 'end_date', message: 'must not be before start_date' },
    ])
  })

  test('judges a rule without DTSTART by the anchor that it gets', () => {
    // On the 1st of January it is anchored at the 1st; a job that was anchored on the 30th has no such day in February.
    expect(errorsOf(read({ rrule: 'FREQ=MONTHLY;BYMONTH=2' }))).toEqual([])
    const base = scheduleOf(read({ rrule: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY' }))
    expect(errorsOf(read({ rrule: 'FREQ=MONTHLY;BYMONTH=2' }, base))).toEqual([
      { path: 'rrule', message: 'never occurs' },
    ])
    expect(paths(read({ rrule: 'FREQ=DAILY;UNTIL=20251231T000000Z' }))).toEqual(['rrule'])
  })

  test('of a change keeps the anchor, the rule and the bounds that are not given', () => {
    const base = scheduleOf(read({ rrule: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY', endDate: '2028-01-01' }))
    expect(scheduleOf(read({}, base))).toEqual(base)
    expect(scheduleOf(read({ rrule: 'FREQ=WEEKLY' }, base))).toEqual({ ...base, rrule: 'RRULE:FREQ=WEEKLY' })
    expect(scheduleOf(read({ rrule: 'DTSTART:20260201T080000\nRRULE:FREQ=WEEKLY' }, base))).toEqual({
      ...base,
      rrule: 'RRULE:FREQ=WEEKLY',
      anchor: '2026-02-01T08:00:00+07:00',
    })
    expect(scheduleOf(read({ endDate: null }, base))).not.toHaveProperty('end')
  })
})
