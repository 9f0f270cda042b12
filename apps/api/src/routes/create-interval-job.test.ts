import { describe, expect } from 'vitest'
import { daily, test } from '../../test/api.ts'

const isoWeekday = (text: string) => new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDay()

describe('201', () => {
  test('the daily job of the manual runs at 08:00 in GMT+7, tomorrow at the latest', async ({ api }) => {
    const payload = { type: 'daily_job', time: '08:00' }
    const { status, headers, body } = await api.call('POST', '/jobs/interval', { ...daily, payload })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/jobs/${body.job_id}`)
    expect(headers.get('etag')).toBe('"1"')
    expect(body).toMatchObject({ type: 'interval', payload, timezone: 'GMT+7', status: 'active', version: 1 })
    expect(body.schedule).toEqual({ days: 1, start_date: '2024-01-20T08:00:00+07:00', end_date: null })
    expect(body.schedule_time).toMatch(/T08:00:00\+07:00$/)
    expect(Date.parse(body.schedule_time) - Date.now()).toBeLessThanOrEqual(86_400_000)
    expect((await api.call('GET', `/jobs/${body.job_id}`)).body).toEqual(body)
  })

  test('weekly, two-weekly and yearly jobs keep the beat of their start date', async ({ api }) => {
    const next = async (fields: object) =>
      (await api.call('POST', '/jobs/interval', { callback_url: 'http://example.com/', timezone: 'GMT+7', ...fields }))
        .body.schedule_time as string
    const weekly = await next({ weeks: 1, start_date: '2024-01-22T09:00:00' })
    expect([isoWeekday(weekly), weekly.slice(10)]).toEqual([1, 'T09:00:00+07:00'])
    const biweekly = await next({ weeks: 2, start_date: '2024-01-19T15:00:00' })
    expect([isoWeekday(biweekly), biweekly.slice(10)]).toEqual([5, 'T15:00:00+07:00'])
    expect((Date.parse(biweekly) - Date.parse('2024-01-19T15:00:00+07:00')) % (14 * 86_400_000)).toBe(0)
    const everyYear = await next({ years: 1, start_date: '2024-01-01T00:00:00' })
    expect(everyYear).toMatch(/^\d{4}-01-01T00:00:00\+07:00$/)
    const days365 = await next({ days: 365, start_date: '2024-01-01T00:00:00' })
    expect((Date.parse(days365) - Date.parse('2024-01-01T00:00:00+07:00')) % (365 * 86_400_000)).toBe(0)
  })

  test.for([
    [{ hours: 2 }, 7_200_000],
    [{ minutes: 30 }, 1_800_000],
    [{ seconds: 1 }, 1_000],
  ] as const)('without a start date the first run is one interval from now: %j', async ([fields, ms], { api }) => {
    const job = { ...fields, callback_url: 'http://example.com/', payload: { type: 'hourly_job' }, timezone: 'GMT+7' }
    const { status, body } = await api.call('POST', '/jobs/interval', job)
    expect(status).toBe(201)
    expect(Date.parse(body.schedule_time) - Date.parse(body.created_at)).toBe(ms)
    expect(body.schedule.start_date).toBeNull()
  })

  test('a start date to come is itself the first occurrence, and its milliseconds stay', async ({ api }) => {
    const { body } = await api.call('POST', '/jobs/interval', { ...daily, start_date: '2098-05-05T06:07:08.009+02:00' })
    expect(body.schedule_time).toBe('2098-05-05T11:07:08.009+07:00')
  })

  test('keeps name, tags, external id and policies, and shows the defaults of the rest', async ({ api }) => {
    const fields = { name: 'n', tags: ['b', 'a', 'b'], external_id: 'x-1', jitter: 30, misfire: { policy: 'all' } }
    const { body } = await api.call('POST', '/jobs/interval', { ...daily, ...fields })
    expect(body).toMatchObject({ name: 'n', tags: ['b', 'a'], external_id: 'x-1', jitter: 30 })
    expect(body.misfire).toEqual({ policy: 'all', grace_seconds: 900, max: 1_000 })
    const late = Date.parse(body.schedule_time) // the nominal time is shown, not the delayed one
    expect(new Date(late).toISOString()).toMatch(/T01:00:00.000Z$/)
  })

  test('the payload comes back as it was, whatever a text can hold', async ({ api, pool }) => {
    const text = '{"b":1,"a":"\\ud800\\u0000","é":[1.10,1e3,9007199254740992,null]}'
    const { status, body } = await api.call(
      'POST',
      '/jobs/interval',
      `{"days":1,"callback_url":"http://e.com","payload":${text}}`,
    )
    expect(status).toBe(201)
    expect(body.payload).toEqual(JSON.parse(text))
    const { rows } = await pool.query('select payload from jobs')
    expect(rows[0].payload).toBe('{"b":1,"a":"\\ud800\\u0000","é":[1.1,1000,9007199254740992,null]}')
  })
})

describe('400 schedule-exhausted', () => {
  test('when the end comes before the next occurrence', async ({ api }) => {
    const { status, body } = await api.call('POST', '/jobs/interval', { ...daily, end_date: '2024-02-01T00:00:00' })
    expect([status, body.type]).toEqual([400, '/problems/schedule-exhausted'])
    expect(body.detail).toContain('end_date')
  })
})

describe('422 validation-failed', () => {
  test('every field at fault is named in one answer, and unknown ones too', async ({ api }) => {
    const { body } = await api.call('POST', '/jobs/interval', { day: 1, calback_url: 'x', timezone: 'Asia/Jakrata' })
    expect(body.errors.map((it: { path: string }) => it.path)).toEqual([
      'callback_url',
      'timezone',
      'day',
      'calback_url',
    ])
    expect(body.errors[1].message).toContain('Asia/Jakarta')
  })
})
