import { expect } from 'vitest'
import { test } from '../../test/api.ts'

const to = { callback_url: 'http://example.com/rule', timezone: 'Europe/Rome' }
const cron = (text: unknown) => ['/jobs/cron', { cron: text, ...to }, 'cron'] as const
const rrule = (text: unknown) => ['/jobs/rrule', { rrule: text, ...to }, 'rrule'] as const
const huge = 1_000_000

/** Each with words that its sentence must have. */
const bad = [
  [cron('0 0 30 2 *'), 'never fires'],
  [cron('0 0 31 4,6,9,11 *'), 'never fires'],
  [cron('61 * * * *'), 'minute'],
  [cron('* 24 * * *'), 'hour'],
  [cron('*/61 * * * *'), 'minute'],
  [cron('* * * *'), 'fields'],
  [cron('0 0 1 1 * 2027 *'), 'year'],
  [cron('@reboot'), '@reboot'],
  [cron('@every 5m'), '/jobs/interval'],
  [cron(''), 'fields'],
  [cron('*'.repeat(huge)), '200'],
  [cron(5), 'string'],
  [cron('0 0 * * MON#6'), 'day of week'],
  [rrule('FREQ=SECONDLY'), 'COUNT or UNTIL'],
  [rrule('FREQ=DAILY;COUNT=0'), 'COUNT'],
  [rrule('FREQ=DAILY;COUNT=5;UNTIL=20300101T000000Z'), 'UNTIL'],
  [rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'), 'never'],
  [rrule('FREQ=HOURLY;BYMINUTE=61'), 'BYMINUTE'],
  [rrule('FREQ=FORTNIGHTLY'), 'FREQ'],
  [rrule('BYDAY=MO'), 'FREQ'],
  [rrule('FREQ=DAILY;X-FOO=1'), 'X-FOO'],
  [rrule('DTSTART:20260101T000000\nDTSTART:20260101T000000\nRRULE:FREQ=DAILY'), 'DTSTART'],
  [rrule('BEGIN:VEVENT\nRRULE:FREQ=DAILY'), 'BEGIN'],
  [rrule(''), 'RRULE'],
  [rrule(`FREQ=DAILY;BYHOUR=${'1,'.repeat(huge / 2)}1`), '8192'],
  [rrule(`RRULE:FREQ=DAILY\n${'EXDATE:20260101T000000\n'.repeat(400)}`), '8192'],
  [rrule('FREQ=DAILY;BYHOUR=0-23'), 'BYHOUR'],
  [rrule({ freq: 'DAILY' }), 'string'],
] as const

// By number: a name that holds a megabyte helps nobody.
const named = bad.map(([[path, body, field], words], i) => [i, path, words, field, body] as const)

test.for(named)(
  '422 with a sentence, and soon: number %i, %s, %s',
  async ([, path, words, field, body], { api, pool }) => {
    const before = performance.now()
    const answered = await api.call('POST', path, body)
    const ms = performance.now() - before

    expect([answered.status, answered.body.type]).toEqual([422, '/problems/validation-failed'])
    expect(answered.body.errors[0].path).toBe(field)
    expect(answered.body.errors[0].message).toContain(words)
    expect(answered.body.detail.length).toBeLessThan(500)
    expect(ms).toBeLessThan(1_000)
    expect((await pool.query('select from jobs')).rowCount).toBe(0)
  },
)

test('the API goes on answering while hostile rules are read', async ({ api }) => {
  const hours = Array.from({ length: 24 }, (_, n) => n).join()
  const sixty = Array.from({ length: 60 }, (_, n) => n).join()
  const days = Array.from({ length: 366 }, (_, n) => n + 1).join()
  const hostile = [
    `FREQ=YEARLY;BYHOUR=${hours};BYMINUTE=${sixty};BYSECOND=${sixty};BYYEARDAY=${days}`,
    `FREQ=YEARLY;BYYEARDAY=${days};BYHOUR=${hours};BYSETPOS=-1`,
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=100000',
    'FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7;COUNT=5000',
    'FREQ=YEARLY;INTERVAL=10000;BYMONTH=2;BYMONTHDAY=29',
  ]
  let slowest = 0
  const calls = hostile.map((text) => api.call('POST', '/jobs/rrule', { rrule: text, ...to }))
  const all = Promise.all(calls)
  let done = false
  void all.finally(() => {
    done = true
  })
  while (!done) {
    const before = performance.now()
    await api.call('GET', '/health/live')
    slowest = Math.max(slowest, performance.now() - before)
  }
  for (const { status } of await all) expect([201, 400, 422]).toContain(status)
  console.log(`hostile rules: the slowest other answer meanwhile took ${slowest.toFixed(0)} ms`)
  expect(slowest).toBeLessThan(500)
})
