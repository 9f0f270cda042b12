import { describe, expect } from 'vitest'
import { type Api, daily, test } from '../../test/api.ts'

const DAY = 86_400_000
const text = (at: number) => new Date(at).toISOString()
const interval = async (api: Api, fields: object = {}) =>
  (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body

describe('POST /jobs/{id}/backfill', () => {
  const range = () => ({ from: text(Date.now() - 5 * DAY), to: text(Date.now()) })

  test('202 with the number of executions, beside the schedule', async ({ api }) => {
    const job = await interval(api)
    const { status, body } = await api.call('POST', `/jobs/${job.job_id}/backfill`, range())
    expect([status, body]).toEqual([202, { executions: 5, skipped: 0 }])
    const executions = (await api.call('GET', `/jobs/${job.job_id}/executions`)).body
    expect(executions.map((it: { kind: string; state: string }) => [it.kind, it.state])).toEqual([
      ...Array.from({ length: 4 }, () => ['backfill', 'waiting']),
      ['backfill', 'queued'],
    ])
    expect(executions[0]).toMatchObject({ reason: 'overlap_queued', next_attempt_at: null })
    expect((await api.call('GET', `/jobs/${job.job_id}`)).body).toEqual(job)
    expect((await api.call('POST', `/jobs/${job.job_id}/backfill`, range())).body).toEqual({
      executions: 0,
      skipped: 5,
    })
  })

  test('a repeated request with the same Idempotency-Key gets the same answer', async ({ api }) => {
    const { job_id } = await interval(api)
    const asked = range()
    const call = () => api.call('POST', `/jobs/${job_id}/backfill`, asked, { 'idempotency-key': 'again' })
    const [first, second] = [await call(), await call()]
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })

  test('422 for a range that is not past, is none, or has too many occurrences', async ({ api }) => {
    const { job_id } = await interval(api, { days: undefined, seconds: 1 })
    const path = async (body: object) => {
      const answered = await api.call('POST', `/jobs/${job_id}/backfill`, body)
      return [answered.status, answered.body.errors?.[0].path]
    }
    expect(await path({ ...range(), to: text(Date.now() + DAY) })).toEqual([422, 'to'])
    expect(await path({ from: range().to, to: range().from })).toEqual([422, 'to'])
    expect(await path(range())).toEqual([422, 'to'])
    expect(await path({ ...range(), overlap: 'never' })).toEqual([422, 'overlap'])
    expect(await path({ from: 'yesterday', to: text(Date.now()) })).toEqual([422, 'from'])
  })

  test('404 for a job that is not there', async ({ api }) => {
    const { status } = await api.call('POST', `/jobs/${crypto.randomUUID()}/backfill`, range())
    expect(status).toBe(404)
  })
})

describe('blackouts of tags', () => {
  const body = { tag: 'reports', from: '2098-12-24T00:00:00', to: '2098-12-27T00:00:00', timezone: 'Europe/Rome' }

  test('are created, listed by tag in pages, and deleted', async ({ api }) => {
    const { status, body: made, headers } = await api.call('POST', '/blackouts', { ...body, reason: 'holidays' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/blackouts/${made.blackout_id}`)
    expect(made).toMatchObject({ tag: 'reports', from: '2098-12-24T00:00:00+01:00', reason: 'holidays' })
    const other = (await api.call('POST', '/blackouts', { ...body, tag: 'other' })).body
    const first = await api.call('GET', '/blackouts?limit=1')
    expect(first.body.map((it: { blackout_id: string }) => it.blackout_id)).toEqual([other.blackout_id])
    const [, next = ''] = /<(.*)>/.exec(first.headers.get('link') ?? '') ?? []
    expect((await api.call('GET', next)).body).toMatchObject([
      { blackout_id: made.blackout_id, from: '2098-12-23T23:00:00+00:00' },
    ])
    expect((await api.call('GET', '/blackouts?tag=reports')).body).toHaveLength(1)
    expect((await api.call('DELETE', `/blackouts/${made.blackout_id}`)).status).toBe(200)
    expect((await api.call('DELETE', `/blackouts/${made.blackout_id}`)).body.type).toBe('/problems/blackout-not-found')
    expect((await api.call('DELETE', '/blackouts/x')).status).toBe(404)
  })

  test('a dry run says how many jobs it would keep back, and a repeated request makes one', async ({ api, pool }) => {
    await interval(api, { tags: ['reports'] })
    await interval(api, { tags: ['other'] })
    const now = { ...body, from: text(Date.now()), to: text(Date.now() + 2 * DAY) }
    const dry = await api.call('POST', '/blackouts?dry_run=true', now)
    expect([dry.status, dry.body]).toMatchObject([200, { tag: 'reports', jobs: 1 }])
    expect((await pool.query('select from blackouts')).rowCount).toBe(0)
    const call = () => api.call('POST', '/blackouts', now, { 'idempotency-key': 'k' })
    const [first, second] = [await call(), await call()]
    expect([first.status, second.body]).toEqual([201, first.body])
    const end = async () => (await api.call('DELETE', `/blackouts/${first.body.blackout_id}?dry_run=true`)).body
    await pool.query(`update jobs set next_run_at = now() + interval '3 days', next_scheduled_for = now() + interval '3 days'
      where tags = '{reports}'`)
    expect([await end(), await end()]).toMatchObject([{ blackout: { tag: 'reports' }, jobs: 1 }, { jobs: 1 }])
    expect((await api.call('DELETE', `/blackouts/${crypto.randomUUID()}?dry_run=true`)).status).toBe(404)
    const preview = { type: 'interval', days: 1, start_date: '2024-01-20T08:00:00', timezone: 'GMT+7', count: 2 }
    const skipped = async (fields: object) =>
      (await api.call('POST', '/schedules/preview', { ...preview, ...fields })).body.occurrences.map(
        (it: { skipped: string | null }) => it.skipped,
      )
    expect(await skipped({})).toEqual([null, null])
    expect(await skipped({ tags: ['reports'] })).toEqual(['blackout', 'blackout'])
  })

  test('422 naming the field', async ({ api }) => {
    const path = async (fields: object) =>
      (await api.call('POST', '/blackouts', { ...body, ...fields })).body.errors[0].path
    expect(await path({ to: body.from })).toBe('to')
    expect(await path({ from: '2020-01-01', to: '2020-01-02' })).toBe('to')
    expect(await path({ tag: '' })).toBe('tag')
    expect(await path({ timezone: 'Mars' })).toBe('timezone')
    expect(await path({ job_id: 'x' })).toBe('job_id')
  })
})

describe('POST /jobs/{id}/pause with until', () => {
  const pause = async (api: Api, fields: object) => {
    const { job_id } = await interval(api)
    return await api.call('POST', `/jobs/${job_id}/pause`, fields)
  }

  test('the end of the pause is shown, in the job’s zone', async ({ api, pool }) => {
    const { status, body } = await pause(api, { reason: 'holidays', until: '2098-01-01T00:00:00', missed: 'last' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'paused', paused_until: '2098-01-01T00:00:00+07:00', schedule_time: null })
    expect((await pool.query('select resume_missed from jobs')).rows).toEqual([{ resume_missed: 'last' }])
    const resumed = await api.call('POST', `/jobs/${body.job_id}/resume`)
    expect(resumed.body).toMatchObject({ status: 'active', paused_until: null })
  })

  test('a paused job takes another end, and keeps its reason', async ({ api }) => {
    const { body } = await pause(api, { reason: 'holidays' })
    const again = await api.call('POST', `/jobs/${body.job_id}/pause`, { until: '2098-01-01' })
    expect(again.body).toMatchObject({
      paused_until: '2098-01-01T00:00:00+07:00',
      status_reason: 'holidays',
      version: 3,
    })
    const other = await api.call('POST', `/jobs/${body.job_id}/pause`, { until: '2098-01-02', missed: 'all' })
    expect(other.body).toMatchObject({ resume_missed: 'all', version: 4 })
    const kept = await api.call('POST', `/jobs/${body.job_id}/pause`, { until: '2098-01-01' })
    expect(kept.body).toMatchObject({ resume_missed: 'all', status_reason: 'holidays', version: 5 })
    const same = await api.call('POST', `/jobs/${body.job_id}/pause`, { until: '2098-01-01' })
    expect(same.body.version).toBe(5)
  })

  test('what comes after the end is shown as to come, what comes before by what the pause says', async ({ api }) => {
    const { job_id } = await interval(api, { start_date: '2097-01-01T08:00:00' })
    const rehearsed = await api.call('POST', `/jobs/${job_id}/pause?dry_run=true`, { until: '2097-01-03T00:00:00' })
    expect(rehearsed.body.diff.removed.map((it: { nominal: string }) => it.nominal)).toEqual([
      '2097-01-01T08:00:00+07:00',
      '2097-01-02T08:00:00+07:00',
    ])
    await api.call('POST', `/jobs/${job_id}/pause`, { until: '2097-01-03T00:00:00', missed: 'all' })
    const explain = async (at: string) => (await api.call('GET', `/jobs/${job_id}/explain?at=${at}`)).body
    expect((await explain('2097-01-02T08:00:00')).sentence).toMatch(
      /paused .* until 00:00 on 3 January 2097, .* is sent then/,
    )
    expect((await explain('2097-01-03T08:00:00')).outcome).toBe('upcoming')
  })

  test('422 for an end that is not in the future', async ({ api }) => {
    expect((await pause(api, { until: '2020-01-01' })).body.errors[0].path).toBe('until')
    expect((await pause(api, { until: 'soon' })).body.errors[0].path).toBe('until')
  })
})
