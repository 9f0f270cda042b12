import { describe, expect } from 'vitest'
import { type Api, test } from '../../test/api.ts'

const preview = (api: Api, body: object) => api.call('POST', '/schedules/preview', body)
const daily = { type: 'interval', days: 1, start_date: '2026-01-20T08:00:00', timezone: 'Asia/Jakarta' }
const spring = {
  type: 'cron',
  cron: '30 2 * * *',
  timezone: 'America/New_York',
  from: '2026-03-07T12:00:00',
  count: 2,
}

describe('POST /schedules/preview', () => {
  test('lists the next occurrences and stores nothing', async ({ api, pool }) => {
    const { status, body } = await preview(api, { ...daily, from: '2026-01-20T08:00:00', count: 2 })
    expect(status).toBe(200)
    expect(body).toEqual({
      description: 'Every day at 08:00 in Asia/Jakarta',
      occurrences: [21, 22].map((day) => ({
        nominal: `2026-01-${day}T08:00:00+07:00`,
        effective: `2026-01-${day}T08:00:00+07:00`,
        effective_latest: `2026-01-${day}T08:00:00+07:00`,
        utc: `2026-01-${day}T01:00:00Z`,
        dst: null,
        skipped: null,
      })),
      exhausted: false,
    })
    expect((await pool.query('select from jobs')).rowCount).toBe(0)
  })

  test('from now, ten, where nothing is said', async ({ api }) => {
    const { body } = await preview(api, { type: 'interval', minutes: 30 })
    expect(body.description).toBe('Every 30 minutes')
    expect(body.occurrences).toHaveLength(10)
    const first = Date.parse(body.occurrences[0].nominal) - Date.now()
    expect(first).toBeGreaterThan(29 * 60_000)
    expect(first).toBeLessThanOrEqual(31 * 60_000)
  })

  test('until is inclusive, may be far, and lists a thousand at the most', async ({ api }) => {
    const near = await preview(api, { ...daily, from: '2026-01-20', until: '2026-01-22T08:00:00' })
    expect([near.body.occurrences.length, near.body.exhausted]).toEqual([3, false])
    const far = await preview(api, { ...daily, from: '2026-01-20', until: '2090-01-01' })
    expect([far.body.occurrences.length, far.body.exhausted]).toEqual([1_000, false])
    const ended = { ...daily, end_date: '2026-01-22T08:00:00', from: '2026-01-20', until: '2090-01-01' }
    expect((await preview(api, ended)).body).toMatchObject({ exhausted: true })
  })

  test('a gap that moves a run, and one that leaves it out, say so', async ({ api }) => {
    const shifted = await preview(api, { ...spring, count: 1 })
    expect(shifted.body.occurrences).toMatchObject([
      { nominal: '2026-03-08T03:30:00-04:00', dst: 'gap_shifted', skipped: null },
    ])
    const { body } = await preview(api, { ...spring, dst: { gap: 'skip' } })
    expect(body.occurrences).toMatchObject([
      {
        nominal: '2026-03-08T02:30:00-05:00',
        effective: '2026-03-08T03:30:00-04:00',
        utc: '2026-03-08T07:30:00Z',
        dst: 'gap_skipped',
        skipped: 'dst_gap',
      },
      { nominal: '2026-03-09T02:30:00-04:00', dst: null, skipped: null },
    ])
  })

  test('convert_to shows the times in another zone', async ({ api }) => {
    const { body } = await preview(api, { ...spring, dst: { gap: 'skip' }, convert_to: 'GMT+7' })
    expect(body.description).toBe('At 02:30 in America/New_York')
    expect(body.occurrences[0]).toMatchObject({ nominal: '2026-03-08T14:30:00+07:00', dst: 'gap_skipped' })
  })

  test('a blackout leaves occurrences out, and max_runs ends the list', async ({ api }) => {
    const blackouts = [{ from: '2026-01-21T00:00:00', to: '2026-01-22T00:00:00' }]
    const { body } = await preview(api, { ...daily, blackouts, max_runs: 2, from: '2026-01-20' })
    expect(body.occurrences.map((it: { skipped: string }) => it.skipped)).toEqual([null, 'blackout', null])
    expect(body).toMatchObject({ exhausted: true, description: 'Every day at 08:00 in Asia/Jakarta, 2 times' })
  })

  test('a long list is one list: in order, and ended by max_runs', async ({ api }) => {
    const blackouts = [{ from: '2026-02-01T00:00:00', to: '2026-03-01T00:00:00' }]
    const { body } = await preview(api, { ...daily, blackouts, max_runs: 120, from: '2026-01-20', count: 1_000 })
    const times = body.occurrences.map((it: { nominal: string }) => Date.parse(it.nominal))
    expect(times).toEqual(Array.from({ length: 148 }, (_, day) => times[0] + day * 86_400_000))
    expect(body.exhausted).toBe(true)
  })

  test('jitter: the latest without a job, the very time with its id', async ({ api }) => {
    const asked = { ...daily, jitter: 3_600, count: 5 }
    const unknown = (await preview(api, asked)).body.occurrences
    for (const { nominal, effective, effective_latest } of unknown) {
      expect(effective).toBe(nominal)
      expect(Date.parse(effective_latest) - Date.parse(nominal)).toBe(3_600_000)
    }
    const { type: _type, ...fields } = daily
    const { body: job } = await api.call('POST', '/jobs/interval', {
      ...fields,
      jitter: 3_600,
      callback_url: 'http://example.com/',
    })
    const known = (await preview(api, { ...asked, job_id: job.job_id })).body.occurrences
    expect(known[0]).toMatchObject({ nominal: job.schedule_time, effective: job.effective_at })
    expect(known[0]).not.toHaveProperty('effective_latest')
  })

  test('a schedule that has ended is an empty list', async ({ api }) => {
    const past = { type: 'once', schedule_time: '2020-01-20T08:00:00' }
    expect((await preview(api, past)).body).toMatchObject({ occurrences: [], exhausted: true })
    expect((await preview(api, { ...past, from: '2020-01-01' })).body.occurrences).toHaveLength(1)
  })
})

describe('422 validation-failed', () => {
  test.for([
    [{ ...daily, days: 0 }, 'days'],
    [{ ...daily, timezone: 'Mars/Base' }, 'timezone'],
    [{ ...daily, hours: 1, dst: { gap: 'skip' } }, 'dst.gap'],
    [{ ...daily, blackouts: [{ from: '2026-01-02', to: '2026-01-01' }] }, 'blackouts.0.to'],
    [{ ...daily, count: 1_001 }, 'count'],
    [{ ...daily, count: 0 }, 'count'],
    [{ ...daily, from: '2026-02-30' }, 'from'],
    [{ ...daily, from: '2026-01-02', until: '2026-01-01' }, 'until'],
    [{ ...daily, callback_url: 'http://example.com' }, 'callback_url'],
    [{ ...daily, job_id: 'x' }, 'job_id'],
    [{ ...daily, convert_to: 'x' }, 'convert_to'],
    [{ type: 'cron', cron: 'x' }, 'cron'],
    [{ type: 'rrule', rrule: 'FREQ=SECONDLY' }, 'rrule'],
    [{ days: 1 }, 'type'],
  ] as const)('%j: %s', async ([body, path], { api }) => {
    const answered = await preview(api, body)
    expect([answered.status, answered.body.errors?.[0]?.path]).toEqual([422, path])
  })
})
