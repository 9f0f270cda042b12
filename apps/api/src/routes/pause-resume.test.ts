import { describe, expect } from 'vitest'
import { type Api, daily, once, test } from '../../test/api.ts'

const interval = async (api: Api, fields: object = {}) =>
  (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body
const executions = async (api: Api) => (await api.call('GET', '/executions?convert_to=GMT%2B7')).body
const pause = (api: Api, id: string, body?: object) => api.call('POST', `/jobs/${id}/pause`, body)
const resume = (api: Api, id: string, body?: object) => api.call('POST', `/jobs/${id}/resume`, body)

/** A daily job, 08:00 in GMT+7, that has been paused since the morning of `days` days ago. */
async function pausedFor(api: Api, days: number, fields: object = {}): Promise<string> {
  const { job_id } = await interval(api, fields)
  await pause(api, job_id)
  const first = new Date(nextEight() - days * 86_400_000)
  await api.deps.pool.query('update jobs set cursor_at = $1, paused_at = $1', [new Date(first.getTime() - 1)])
  return job_id
}

/** The next 08:00 in GMT+7, which is 01:00 in UTC; ms since 1970. */
function nextEight(): number {
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000 + 3_600_000
  return today > Date.now() ? today : today + 86_400_000
}

describe('POST /jobs/{id}/pause', () => {
  test('stops the job’s clock, stores the reason, and cancels what is pending', async ({ api }) => {
    const { job_id } = await interval(api)
    await api.call('POST', `/jobs/${job_id}/run`)
    const { status, body, headers } = await pause(api, job_id, { reason: 'maintenance' })
    expect([status, headers.get('etag')]).toEqual([200, '"2"'])
    expect(body).toMatchObject({ status: 'paused', status_reason: 'maintenance', schedule_time: null, version: 2 })
    expect(await executions(api)).toMatchObject([{ state: 'cancelled', reason: 'paused', next_attempt_at: null }])
  })

  test('a paused job stays as it is', async ({ api }) => {
    const { job_id } = await interval(api)
    const first = await pause(api, job_id, { reason: 'a' })
    const second = await pause(api, job_id, { reason: 'b' })
    expect([second.status, second.body]).toEqual([200, first.body])
  })

  test('409 job-completed', async ({ api, pool }) => {
    const { job_id } = await interval(api)
    await pool.query(
      `update jobs set status = 'completed', completed_at = now(), next_run_at = null, next_scheduled_for = null`,
    )
    expect((await pause(api, job_id)).body.type).toBe('/problems/job-completed')
    expect((await resume(api, job_id)).body.type).toBe('/problems/job-completed')
  })

  test('422: an unknown field, a reason that is no text', async ({ api }) => {
    const { job_id } = await interval(api)
    expect((await pause(api, job_id, { why: 'x' })).body.errors[0].path).toBe('why')
    expect((await pause(api, job_id, { reason: 1 })).body.errors[0].path).toBe('reason')
    expect((await resume(api, job_id, { missed: 'some' })).body.errors[0].path).toBe('missed')
  })

  test('an edit of a paused job leaves it paused', async ({ api }) => {
    const { job_id } = await interval(api)
    await pause(api, job_id)
    const { body } = await api.call('PUT', `/jobs/interval/${job_id}`, { hours: 1 })
    expect(body).toMatchObject({ status: 'paused', schedule_time: null, version: 3 })
  })
})

describe('POST /jobs/{id}/resume', () => {
  test('skip, the default: what the pause left out is one row', async ({ api, pool }) => {
    const id = await pausedFor(api, 40)
    const { status, body } = await resume(api, id)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'active', status_reason: null, version: 3 })
    expect(Date.parse(body.schedule_time)).toBe(nextEight())
    const rows = await executions(api)
    expect(rows).toMatchObject([{ state: 'skipped', reason: 'paused', count: 40, job_version: 3, kind: 'schedule' }])
    expect(Date.parse(rows[0].scheduled_for)).toBe(nextEight() - 40 * 86_400_000)
    expect(Date.parse(rows[0].scheduled_until)).toBe(nextEight() - 86_400_000)
    expect((await pool.query('select from pgboss.job')).rowCount).toBe(0)
    // From there on: the dispatcher must not plan the pause once more.
    expect((await pool.query('select cursor_at from jobs')).rows).toEqual([
      { cursor_at: new Date(rows[0].scheduled_until) },
    ])
  })

  test('last: the newest is sent whatever its age, the others are one row', async ({ api, pool }) => {
    const id = await pausedFor(api, 40, { misfire: { grace_seconds: 1 } })
    await resume(api, id, { missed: 'last' })
    const rows = await executions(api)
    expect(rows).toMatchObject([
      { state: 'queued', reason: null, count: 1 },
      { state: 'skipped', reason: 'paused', count: 39 },
    ])
    expect(Date.parse(rows[0].scheduled_for)).toBe(nextEight() - 86_400_000)
    expect((await pool.query('select from pgboss.job')).rowCount).toBe(1)
  })

  test('all: each is sent in its turn, up to misfire.max, the older are one row', async ({ api, pool }) => {
    const id = await pausedFor(api, 5, { misfire: { max: 3 } })
    await resume(api, id, { missed: 'all' })
    const rows = await executions(api)
    expect(rows.map((it: { state: string; count: number }) => [it.state, it.count])).toEqual([
      ['waiting', 1],
      ['waiting', 1],
      ['queued', 1],
      ['skipped', 2],
    ])
    expect(rows[0]).toMatchObject({ reason: 'overlap_queued', next_attempt_at: null })
    expect((await pool.query('select from pgboss.job')).rowCount).toBe(1)
  })

  test('last, while an attempt from before the pause is in flight: it waits for it, and is not dropped', async ({
    api,
    pool,
  }) => {
    const id = await pausedFor(api, 3)
    await api.call('POST', `/jobs/${id}/run`)
    await pool.query(`update executions set state = 'running', attempt = 1`)
    await resume(api, id, { missed: 'last' })
    const rows = await executions(api)
    expect(rows.map((it: { state: string; reason: string }) => [it.state, it.reason])).toEqual([
      ['running', null],
      ['waiting', 'overlap_queued'],
      ['skipped', 'paused'],
    ])
  })

  test('all, where overlap is allowed: each is sent at the rate', async ({ api }) => {
    const id = await pausedFor(api, 3, { overlap: 'allow' })
    await resume(api, id, { missed: 'all', rate_per_second: 0.5 })
    const rows = (await executions(api)).toReversed()
    const after = (it: { next_attempt_at: string | null; created_at: string }) =>
      it.next_attempt_at && Date.parse(it.next_attempt_at) - Date.parse(it.created_at)
    expect(rows.map(after)).toEqual([null, 2_000, 4_000])
  })

  test('a pause that left nothing out leaves no row; an active job stays as it is', async ({ api }) => {
    const { job_id } = await interval(api)
    await pause(api, job_id)
    const first = await resume(api, job_id)
    const second = await resume(api, job_id)
    expect([second.status, second.body]).toEqual([200, first.body])
    expect(await executions(api)).toEqual([])
  })

  test.for([
    ['skip', 'skipped', 0],
    ['last', 'queued', 1],
    ['all', 'queued', 1],
  ] as const)(
    'a one-time job whose instant the pause has passed, %s: %s, and the job is completed',
    async ([missed, state, items], { api, pool }) => {
      const { job_id } = (await api.call('POST', '/jobs', once)).body
      await pause(api, job_id)
      await pool.query(
        `update jobs set cursor_at = '2024-01-01', schedule = '{"type":"once","at":"2024-01-02T00:00:00+07:00"}'`,
      )
      const { body } = await resume(api, job_id, { missed })
      expect(body).toMatchObject({ status: 'completed', schedule_time: null })
      expect(await executions(api)).toMatchObject([{ state, count: 1, scheduled_for: '2024-01-02T00:00:00+07:00' }])
      expect((await pool.query('select from pgboss.job')).rowCount).toBe(items)
    },
  )

  test('409 job-quarantined when the schedule still cannot be computed', async ({ api, pool }) => {
    const { job_id } = await interval(api)
    await pool.query(
      `update jobs set status = 'quarantined', status_reason = 'x', next_run_at = null, next_scheduled_for = null,
         timezone = 'Gone/Zone'`,
    )
    const { status, body } = await resume(api, job_id)
    expect([status, body.type]).toEqual([409, '/problems/job-quarantined'])
    expect(body.detail).toContain('Gone/Zone')
  })
})
