import { describe, expect } from 'vitest'
import { type Api, daily, once, test } from '../../test/api.ts'

const interval = async (api: Api, fields: object = {}) =>
  (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body
const oneTime = async (api: Api, fields: object = {}) => (await api.call('POST', '/jobs', { ...once, ...fields })).body

describe('PUT /jobs/{id}', () => {
  test('changes what is given, keeps the rest, and raises the version', async ({ api }) => {
    const job = await oneTime(api, { name: 'n', payload: { a: 1 } })
    const { status, body, headers } = await api.call('PUT', `/jobs/${job.job_id}`, {
      callback_url: 'https://new.example/x',
      payload: { b: 2 },
    })
    expect([status, headers.get('etag')]).toEqual([200, '"2"'])
    expect(body).toEqual({
      ...job,
      callback_url: 'https://new.example/x',
      payload: { b: 2 },
      version: 2,
      updated_at: expect.any(String),
    })
    expect((await api.call('GET', '/jobs?callback_host=new.example')).body).toHaveLength(1)
  })

  test('a naive schedule_time is wall time in the zone that comes with it', async ({ api }) => {
    const { job_id } = await oneTime(api)
    const { body } = await api.call('PUT', `/jobs/${job_id}`, {
      schedule_time: '2099-06-01T10:00:00',
      timezone: 'Asia/Tokyo',
    })
    expect(body.schedule_time).toBe('2099-06-01T10:00:00+09:00')
  })

  test('a new timezone alone: a one-time job keeps its instant', async ({ api }) => {
    const { job_id } = await oneTime(api)
    const { body } = await api.call('PUT', `/jobs/${job_id}`, { timezone: 'UTC' })
    expect(body).toMatchObject({ timezone: 'UTC', schedule_time: '2099-01-20T01:00:00+00:00' })
  })

  test('a new timezone alone: a recurring job keeps its wall time', async ({ api }) => {
    const { job_id } = await interval(api)
    const { body } = await api.call('PUT', `/jobs/${job_id}`, { timezone: 'Asia/Tokyo' })
    expect(body.schedule_time).toMatch(/T08:00:00\+09:00$/)
    expect(body.schedule.start_date).toBe('2024-01-20T08:00:00+09:00')
  })

  test('what is pending goes to the new destination', async ({ api }) => {
    const { job_id } = await interval(api)
    await api.call('POST', `/jobs/${job_id}/run`)
    await api.call('PUT', `/jobs/${job_id}`, { callback_url: 'https://new.example/x' })
    expect((await api.call('GET', '/executions?destination=https://new.example')).body).toHaveLength(1)
  })

  test('409 job-type-conflict: schedule_time for an interval job, which stays as it was', async ({ api }) => {
    const job = await interval(api)
    const { status, body } = await api.call('PUT', `/jobs/${job.job_id}`, {
      schedule_time: '2099-01-01T00:00:00',
      name: 'n',
    })
    expect([status, body.type]).toEqual([409, '/problems/job-type-conflict'])
    expect((await api.call('GET', `/jobs/${job.job_id}`)).body).toEqual(job)
  })

  test('400 schedule-exhausted: a time that has passed', async ({ api }) => {
    const { job_id } = await oneTime(api)
    expect((await api.call('PUT', `/jobs/${job_id}`, { schedule_time: '2020-01-01T00:00:00' })).status).toBe(400)
  })

  test('a completed job that is given a future time is active again', async ({ api, pool }) => {
    const { job_id } = await oneTime(api)
    await pool.query(
      `update jobs set status = 'completed', completed_at = now(), next_run_at = null, next_scheduled_for = null`,
    )
    const same = await api.call('PUT', `/jobs/${job_id}`, { name: 'still completed' })
    expect(same.body).toMatchObject({ status: 'completed', schedule_time: null })
    const { body } = await api.call('PUT', `/jobs/${job_id}`, { schedule_time: '2098-01-01T00:00:00' })
    expect(body).toMatchObject({ status: 'active', schedule_time: '2098-01-01T00:00:00+07:00' })
  })

  test('a quarantined job stays so until its schedule changes', async ({ api, pool }) => {
    const { job_id } = await interval(api)
    await pool.query(
      `update jobs set status = 'quarantined', status_reason = 'x', next_run_at = null, next_scheduled_for = null,
         timezone = 'Gone/Zone'`,
    )
    expect((await api.call('PUT', `/jobs/${job_id}`, { name: 'n' })).body.status).toBe('quarantined')
    const { body } = await api.call('PUT', `/jobs/${job_id}`, { timezone: 'GMT+7' })
    expect(body).toMatchObject({ status: 'active', status_reason: null })
    expect(body.schedule_time).toMatch(/T08:00:00\+07:00$/)
  })

  test('an edit that does not touch the schedule leaves the job’s clock where it is, a due occurrence included', async ({
    api,
    pool,
  }) => {
    const { job_id } = await interval(api)
    await pool.query(`update jobs set cursor_at = '2024-03-01', next_run_at = '2024-03-01 01:00+00',
      next_scheduled_for = '2024-03-01 01:00+00'`)
    const { body } = await api.call('PUT', `/jobs/${job_id}`, { name: 'n', timezone: '+07:00' })
    expect(body.schedule_time).toBe('2024-03-01T08:00:00+07:00')
    const { rows } = await pool.query('select cursor_at from jobs')
    expect(rows).toEqual([{ cursor_at: new Date('2024-03-01T00:00:00Z') }])
  })

  test('a new schedule owes nothing of the time before it', async ({ api, pool }) => {
    const { job_id } = await interval(api)
    await pool.query(`update jobs set cursor_at = '2024-03-01'`)
    const { body } = await api.call('PUT', `/jobs/interval/${job_id}`, { hours: 1 })
    expect(Date.parse(body.schedule_time)).toBeGreaterThan(Date.now())
    const { rows } = await pool.query('select cursor_at = updated_at as now from jobs')
    expect(rows).toEqual([{ now: true }])
  })

  test('422 for a field of the other type, by name', async ({ api }) => {
    const { job_id } = await interval(api)
    const { status, body } = await api.call('PUT', `/jobs/${job_id}`, { days: 2 })
    expect([status, body.errors[0].path]).toEqual([422, 'days'])
  })
})

describe('PUT /jobs/interval/{id}', () => {
  test('units that are given replace the interval, and the beat is kept', async ({ api }) => {
    const { job_id } = await interval(api)
    const { body } = await api.call('PUT', `/jobs/interval/${job_id}`, { hours: 12 })
    expect(body.schedule).toEqual({ hours: 12, start_date: '2024-01-20T08:00:00+07:00', end_date: null })
    expect(body.schedule_time).toMatch(/T(08|20):00:00\+07:00$/)
  })

  test('an empty start_date keeps the beat as well, an empty end_date takes the end away', async ({ api }) => {
    const { job_id } = await interval(api, { end_date: '2099-01-01T00:00:00' })
    const { body } = await api.call('PUT', `/jobs/interval/${job_id}`, { start_date: null, end_date: null })
    expect(body.schedule).toEqual({ days: 1, start_date: '2024-01-20T08:00:00+07:00', end_date: null })
  })

  test('400 not-an-interval-job', async ({ api }) => {
    const { job_id } = await oneTime(api)
    const { status, body } = await api.call('PUT', `/jobs/interval/${job_id}`, { days: 2 })
    expect([status, body.type]).toEqual([400, '/problems/not-an-interval-job'])
  })

  test('422: an end before the start that is there already', async ({ api }) => {
    const { job_id } = await interval(api)
    const { status, body } = await api.call('PUT', `/jobs/interval/${job_id}`, { end_date: '2024-01-01T00:00:00' })
    expect([status, body.errors[0].path]).toEqual([422, 'end_date'])
  })
})

describe('PATCH /jobs/{id}', () => {
  test('merges: units, payload and policies by field; null takes away', async ({ api }) => {
    const job = await interval(api, {
      name: 'n',
      tags: ['t'],
      external_id: 'x',
      payload: { a: { b: 1, c: 2 }, d: 3 },
      misfire: { policy: 'all', max: 7 },
      jitter: 5,
      end_date: '2099-01-01T00:00:00',
    })
    const { body } = await api.call('PATCH', `/jobs/${job.job_id}`, {
      hours: 6,
      end_date: null,
      payload: { a: { b: null, e: 4 }, d: null },
      misfire: { max: 9, policy: null },
      jitter: null,
      name: null,
      tags: null,
    })
    expect(body).toMatchObject({
      schedule: { days: 1, hours: 6, start_date: '2024-01-20T08:00:00+07:00', end_date: null },
      payload: { a: { c: 2, e: 4 } },
      misfire: { policy: 'last', max: 9, grace_seconds: 900 },
      jitter: 0,
      name: null,
      tags: [],
      external_id: 'x',
    })
    expect(body.payload).toEqual({ a: { c: 2, e: 4 } })
  })

  test('a start that is taken away makes now the beat', async ({ api }) => {
    const { job_id } = await interval(api)
    const { body } = await api.call('PATCH', `/jobs/${job_id}`, { start_date: null })
    expect(body.schedule.start_date).toBeNull()
    expect(Date.parse(body.schedule_time) - Date.parse(body.updated_at)).toBe(86_400_000)
  })

  test('422: taking away the last unit', async ({ api }) => {
    const { job_id } = await interval(api)
    const { status, body } = await api.call('PATCH', `/jobs/${job_id}`, { days: null })
    expect([status, body.errors[0].path]).toEqual([422, 'days'])
  })

  test('409 job-type-conflict: a field of another type, both ways', async ({ api }) => {
    const [a, b] = [await interval(api), await oneTime(api)]
    expect((await api.call('PATCH', `/jobs/${a.job_id}`, { schedule_time: '2099-01-01T00:00:00' })).status).toBe(409)
    expect((await api.call('PATCH', `/jobs/${b.job_id}`, { days: 1 })).status).toBe(409)
  })

  test('412 stale-version: of two that read the same version, the second is told', async ({ api }) => {
    const { job_id } = await interval(api)
    const etag = (await api.call('GET', `/jobs/${job_id}`)).headers.get('etag') ?? ''
    const edits = await Promise.all(
      ['a', 'b'].map((name) => api.call('PATCH', `/jobs/${job_id}`, { name }, { 'if-match': etag })),
    )
    expect(edits.map((it) => it.status).sort()).toEqual([200, 412])
    const stale = edits.find((it) => it.status === 412)
    expect([stale?.body.type, stale?.headers.get('etag')]).toEqual(['/problems/stale-version', '"2"'])
  })

  test('If-Match: a star or one of several tags will do, a weak one or another will not', async ({ api }) => {
    const { job_id } = await interval(api)
    const patch = async (tag: string) =>
      (await api.call('PATCH', `/jobs/${job_id}`, { name: `for ${tag}` }, { 'if-match': tag })).status
    expect(await patch('*')).toBe(200)
    expect(await patch('"7", "2"')).toBe(200)
    expect(await patch('W/"3"')).toBe(412)
    expect(await patch('3')).toBe(412)
  })

  test('an edit that changes nothing leaves the version as it is', async ({ api, pool }) => {
    const job = await interval(api, { name: 'n', tags: ['t'] })
    for (const body of [{}, { name: 'n' }, { tags: ['t'], timezone: job.timezone }, { days: 1 }]) {
      const { status, body: answered } = await api.call('PATCH', `/jobs/${job.job_id}`, body)
      expect([status, answered]).toEqual([200, job])
    }
    expect((await pool.query('select from job_versions')).rowCount).toBe(0)
  })

  test('422: patches that add up to more than a payload may be', async ({ api }) => {
    const { job_id } = await interval(api, { payload: { a: 'a'.repeat(200_000) } })
    const { status, body } = await api.call('PATCH', `/jobs/${job_id}`, { payload: { b: 'b'.repeat(200_000) } })
    expect([status, body.errors[0].path]).toEqual([422, 'payload'])
  })
})
