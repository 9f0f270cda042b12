import { describe, expect } from 'vitest'
import { type Api, test } from '../../test/api.ts'

const to = { callback_url: 'http://example.com/rule', timezone: 'Europe/Rome' }
const cron = (api: Api, fields: object = {}) =>
  api.call('POST', '/jobs/cron', { cron: '0 9 * * MON-FRI', ...to, ...fields })
const rrule = (api: Api, fields: object = {}) =>
  api.call('POST', '/jobs/rrule', {
    rrule: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR',
    ...{ callback_url: 'http://example.com/rule', timezone: 'America/New_York' },
    ...fields,
  })

describe('POST /jobs/cron', () => {
  test('201 with the job, its rule as given and its next run in the zone', async ({ api }) => {
    const { status, body, headers } = await cron(api, { dst: { gap: 'skip' }, max_runs: 5, overlap: 'queue_one' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/jobs/${body.job_id}`)
    expect(body).toMatchObject({
      ...{ type: 'cron', schedule: { cron: '0 9 * * MON-FRI', start_date: null, end_date: null }, status: 'active' },
      ...{ dst: { gap: 'skip', fold: 'first' }, max_runs: 5, runs: 0, overlap: 'queue_one', blackouts: [] },
    })
    expect(body.schedule_time).toMatch(/T09:00:00\+0[12]:00$/)
    expect(body.effective_at).toBe(body.schedule_time)
    expect((await api.call('GET', `/jobs/${body.job_id}`)).body).toEqual(body)
  })

  test('nicknames, six fields, bounds and jitter; both times are shown', async ({ api }) => {
    const daily = (await cron(api, { cron: ' @Daily ', jitter: 3_600, start_date: '2099-01-01T12:00:00' })).body
    expect(daily.schedule_time).toBe('2099-01-02T00:00:00+01:00')
    expect(daily.schedule).toEqual({ cron: '@Daily', start_date: '2099-01-01T12:00:00+01:00', end_date: null })
    const delay = Date.parse(daily.effective_at) - Date.parse(daily.schedule_time)
    expect(delay).toBeGreaterThan(0)
    expect(delay).toBeLessThanOrEqual(3_600_000)
    const seconds = (await cron(api, { cron: '*/15 0 0 1 1 *', end_date: '2099-01-01' })).body
    expect(seconds.schedule_time).toMatch(/-01-01T00:00:00/)
  })

  test('400 schedule-exhausted when the end comes first', async ({ api }) => {
    const { status, body } = await cron(api, { cron: '0 0 29 2 *', end_date: '2027-12-31' })
    expect([status, body.type]).toEqual([400, '/problems/schedule-exhausted'])
  })

  test('the first run lies outside the blackouts, and an eternal one leaves none', async ({ api }) => {
    const blackouts = [{ from: '2020-01-01', to: '2099-06-01T09:00:00' }]
    const { body } = await cron(api, { blackouts })
    expect(body.schedule_time).toBe('2099-06-01T09:00:00+02:00')
    expect(body.blackouts).toEqual([{ from: '2020-01-01T00:00:00+01:00', to: '2099-06-01T09:00:00+02:00' }])
    const dark = await cron(api, { end_date: '2099-01-01', blackouts })
    expect([dark.status, dark.body.type]).toEqual([400, '/problems/schedule-exhausted'])
  })
})

describe('POST /jobs/rrule', () => {
  test('the last Friday at 17:00', async ({ api }) => {
    const { status, body } = await rrule(api, {
      rrule: 'DTSTART;TZID=America/New_York:20260130T170000\r\nRRULE:FREQ=MONTHLY;BYDAY=-1FR',
    })
    expect(status).toBe(201)
    expect(body.type).toBe('rrule')
    expect(body.schedule_time).toMatch(/T17:00:00-0[45]:00$/)
    expect(body.schedule).toEqual({
      rrule: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR',
      start_date: null,
      end_date: null,
    })
  })

  test('without DTSTART it is anchored at creation, and what it answers can be sent back', async ({ api }) => {
    const { body } = await rrule(api, { rrule: 'FREQ=DAILY;COUNT=3' })
    const created = Date.parse(body.created_at)
    expect(Date.parse(body.schedule_time)).toBe(Math.floor(created / 1_000) * 1_000 + 86_400_000)
    const again = await rrule(api, { rrule: body.schedule.rrule })
    expect(again.body.schedule_time).toBe(body.schedule_time)
  })

  test('422 when a TZID contradicts the timezone', async ({ api }) => {
    const { status, body } = await rrule(api, { rrule: 'DTSTART;TZID=Asia/Tokyo:20260130T170000\nRRULE:FREQ=DAILY' })
    expect(status).toBe(422)
    expect(body.errors[0].path).toBe('rrule')
    expect(body.detail).toContain('Asia/Tokyo')
  })

  test('every second needs an end, of the rule or of the job', async ({ api }) => {
    expect((await rrule(api, { rrule: 'FREQ=SECONDLY' })).status).toBe(422)
    for (const end of [{ max_runs: 9 }, { end_date: '2099-01-01' }, { rrule: 'FREQ=SECONDLY;COUNT=9' }]) {
      expect((await rrule(api, { rrule: 'FREQ=SECONDLY', ...end })).status).toBe(201)
    }
  })
})

describe('PUT and PATCH', () => {
  test('another cron starts afresh, and keeps what is left out', async ({ api, pool }) => {
    const { job_id } = (await cron(api, { name: 'n', max_runs: 5, end_date: '2099-01-01' })).body
    await pool.query('update jobs set runs = 3')
    const { status, body } = await api.call('PUT', `/jobs/cron/${job_id}`, { cron: '0 10 * * *' })
    expect([status, body.version, body.name, body.max_runs, body.runs]).toEqual([200, 2, 'n', 5, 0])
    expect(body.schedule).toEqual({ cron: '0 10 * * *', start_date: null, end_date: '2099-01-01T00:00:00+01:00' })
    const patched = (await api.call('PATCH', `/jobs/${job_id}`, { end_date: null, dst: { fold: 'both' } })).body
    expect(patched).toMatchObject({
      schedule: { cron: '0 10 * * *', end_date: null },
      dst: { gap: 'shift', fold: 'both' },
    })
    expect((await api.call('PATCH', `/jobs/${job_id}`, { dst: null })).body.dst).toEqual({
      gap: 'shift',
      fold: 'first',
    })
  })

  test('another rule without DTSTART keeps the one that the job has', async ({ api }) => {
    const { job_id } = (await rrule(api)).body
    const { body } = await api.call('PUT', `/jobs/rrule/${job_id}`, { rrule: 'RRULE:FREQ=MONTHLY;BYDAY=1MO' })
    expect(body.schedule.rrule).toBe('DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=1MO')
    expect(body.schedule_time).toMatch(/T17:00:00/)
  })

  test('another zone keeps the wall times of rule, bounds and blackouts, and counts no run anew', async ({
    api,
    pool,
  }) => {
    const blackouts = [{ from: '2098-01-01', to: '2098-02-01' }]
    const { job_id } = (await cron(api, { blackouts, max_runs: 9, end_date: '2099-01-01' })).body
    await pool.query('update jobs set runs = 3')
    const { body } = await api.call('PUT', `/jobs/${job_id}`, { timezone: 'Asia/Tokyo' })
    expect(body.schedule_time).toMatch(/T09:00:00\+09:00$/)
    expect(body.schedule.end_date).toBe('2099-01-01T00:00:00+09:00')
    expect(body.blackouts).toEqual([{ from: '2098-01-01T00:00:00+09:00', to: '2098-02-01T00:00:00+09:00' }])
    expect(body.runs).toBe(3)
  })

  test('400 for a job of another type, 409 for a field of another type', async ({ api }) => {
    const { job_id } = (await cron(api)).body
    const put = async (path: string, body: object) => {
      const answered = await api.call('PUT', path, body)
      return [answered.status, answered.body.type]
    }
    expect(await put(`/jobs/rrule/${job_id}`, {})).toEqual([400, '/problems/not-an-rrule-job'])
    expect(await put(`/jobs/interval/${job_id}`, {})).toEqual([400, '/problems/not-an-interval-job'])
    expect(await put(`/jobs/${job_id}`, { schedule_time: '2099-01-01' })).toEqual([409, '/problems/job-type-conflict'])
    const other = (await rrule(api)).body.job_id
    expect(await put(`/jobs/cron/${other}`, {})).toEqual([400, '/problems/not-a-cron-job'])
    expect((await api.call('PATCH', `/jobs/${other}`, { cron: '* * * * *' })).body.type).toBe(
      '/problems/job-type-conflict',
    )
  })

  test('max_runs that are spent complete the job; more of them revive it, fewer are refused', async ({ api, pool }) => {
    const { job_id } = (await cron(api, { max_runs: 2 })).body
    await pool.query(
      `update jobs set runs = 2, status = 'completed', completed_at = now(), next_run_at = null, next_scheduled_for = null,
         cursor_at = '2020-01-01'`,
    )
    expect((await api.call('PATCH', `/jobs/${job_id}`, { name: 'n' })).body.status).toBe('completed')
    const revived = (await api.call('PATCH', `/jobs/${job_id}`, { max_runs: 3 })).body
    expect(revived).toMatchObject({ status: 'active', runs: 2, max_runs: 3 })
    // What came due since its last run is not owed.
    expect(Date.parse(revived.schedule_time)).toBeGreaterThan(Date.now())
    const refused = await api.call('PATCH', `/jobs/${job_id}`, { max_runs: 1 })
    expect([refused.status, refused.body.type]).toEqual([400, '/problems/schedule-exhausted'])
  })
})
