import { describe, expect, onTestFinished } from 'vitest'
import { type Api, daily, once, startApi, test } from '../test/api.ts'

const callback_url = 'http://example.com/a'
const hourly = { hours: 1, callback_url, external_id: 'x' }
const PATH = '/jobs/interval?upsert=true'

const upsert = (api: Api, body: object, path = PATH, headers = {}) => api.call('POST', path, body, headers)
const rows = async (api: Api) => (await api.deps.pool.query('select * from jobs order by id')).rows
const code = (answered: { body: { type: string } }) => answered.body.type.split('/').at(-1)

/** Moves a job's clock to where it cannot be by chance, so that it shows whether it was touched. */
const mark = (api: Api) =>
  api.deps.pool.query(`update jobs set cursor_at = cursor_at - interval '7 s', runs = 3, updated_at = '2025-01-01'`)

describe('where no job has the external_id', () => {
  test('one is created, with its Location', async ({ api }) => {
    const { status, body, headers } = await upsert(api, hourly)
    expect([status, headers.get('location'), headers.get('etag')]).toEqual([201, `/jobs/${body.job_id}`, '"1"'])
    expect(await rows(api)).toHaveLength(1)
  })

  test('a deleted one does not count', async ({ api }) => {
    const { body } = await upsert(api, hourly)
    await api.call('DELETE', `/jobs/${body.job_id}`)
    expect((await upsert(api, hourly)).status).toBe(201)
  })

  // One that has just started: it does not know the database's time yet.
  test('fifty equal requests at once make one', async ({ pool }) => {
    const api = await startApi(pool)
    onTestFinished(() => api.close())
    const all = await Promise.all(Array.from({ length: 50 }, () => upsert(api, hourly)))
    expect(all.map(({ status }) => status).sort()).toEqual([...Array(49).fill(200), 201])
    expect(await rows(api)).toMatchObject([{ version: 1 }])
  })
})

describe('where nothing would change', () => {
  test.for([
    [
      PATH,
      { ...hourly, seconds: 30, timezone: 'Asia/Jakarta', jitter: 5, tags: ['b', 'a', 'b'], payload: { b: 1, a: 2 } },
    ],
    [PATH, { ...daily, external_id: 'x', misfire: { policy: 'all' }, dst: { gap: 'skip' }, max_runs: 9, name: null }],
    ['/jobs?upsert=true', { ...once, external_id: 'x', blackouts: [{ from: '2030-01-01', to: '2030-01-02T12:00' }] }],
    ['/jobs/cron?upsert=true', { cron: '0 9 * * MON', callback_url, external_id: 'x', overlap: 'allow' }],
    ['/jobs/rrule?upsert=true', { rrule: 'FREQ=WEEKLY', callback_url, external_id: 'x', timezone: 'GMT+7' }],
  ] as const)('%s: the job is not touched', async ([path, body], { api }) => {
    const first = await upsert(api, body, path)
    expect(first.status).toBe(201)
    await mark(api)
    const before = await rows(api)
    const { status, headers } = await upsert(api, body, path)
    expect([status, headers.get('etag'), headers.get('location')]).toEqual([200, '"1"', null])
    expect(await rows(api)).toEqual(before)
    expect((await api.deps.pool.query('select from job_versions')).rowCount).toBe(0)
  })

  test('also when it is completed, and its instant has passed', async ({ api, pool }) => {
    const at = '2024-01-02T00:00:00+07:00'
    const { body } = await upsert(api, { ...once, external_id: 'x' }, '/jobs?upsert=true')
    await pool.query(
      `update jobs set status = 'completed', completed_at = now(), next_run_at = null, next_scheduled_for = null,
         schedule = jsonb_build_object('type', 'once', 'at', $1::text)`,
      [at],
    )
    const again = await upsert(api, { ...once, schedule_time: at, external_id: 'x' }, '/jobs?upsert=true')
    expect([again.status, again.body.status, again.body.job_id]).toEqual([200, 'completed', body.job_id])
  })
})

describe('where one job has it', () => {
  test('it becomes what the body says, and what is left out goes back to its default', async ({ api }) => {
    const full = {
      ...{
        name: 'n',
        tags: ['a'],
        payload: { a: 1 },
        timezone: 'Asia/Tokyo',
        jitter: 9,
        overlap: 'allow',
        max_runs: 5,
      },
      ...{ misfire: { policy: 'all' }, dst: { fold: 'second' }, end_date: '2090-01-01T00:00:00' },
      blackouts: [{ from: '2030-01-01T00:00:00', to: '2030-01-02T00:00:00' }],
    }
    const { body } = await upsert(api, { ...daily, external_id: 'x', ...full })
    const { status, body: bare } = await upsert(api, hourly)
    expect(status).toBe(200)
    const fresh = (await api.call('POST', '/jobs/interval', { ...hourly, external_id: 'y' })).body
    const own = { job_id: body.job_id, created_at: '', updated_at: '', external_id: 'x', version: 2 }
    const times = { schedule_time: '', effective_at: '' }
    expect({ ...bare, ...times, created_at: '', updated_at: '' }).toEqual({ ...fresh, ...own, ...times })
  })

  test('a schedule that stays the same keeps its beat and its cursor', async ({ api }) => {
    await upsert(api, hourly)
    await mark(api)
    const [before] = await rows(api)
    await upsert(api, { ...hourly, name: 'renamed' })
    expect(await rows(api)).toMatchObject([
      { version: 2, name: 'renamed', cursor_at: before.cursor_at, runs: 3, schedule: before.schedule },
    ])
  })

  test('another interval keeps the beat too, unless a start_date that was given is left out', async ({ api }) => {
    await upsert(api, hourly)
    const [{ schedule }] = await rows(api)
    await upsert(api, { ...hourly, hours: 2 })
    expect(await rows(api)).toMatchObject([{ schedule: { every: { hours: 2 }, anchor: schedule.anchor } }])
    await upsert(api, { ...hourly, start_date: '2024-01-20T08:00:00' })
    await upsert(api, hourly)
    const [last] = await rows(api)
    expect(last.schedule).toMatchObject({ anchorGiven: false })
    expect(Date.parse(last.schedule.anchor)).toBeGreaterThan(Date.parse(schedule.anchor))
  })

  test('an rrule without DTSTART keeps the moment that it is anchored at', async ({ api }) => {
    const path = '/jobs/rrule?upsert=true'
    const body = { rrule: 'FREQ=DAILY', callback_url, external_id: 'x' }
    await upsert(api, body, path)
    await api.deps.pool.query(
      `update jobs set schedule = jsonb_set(schedule, '{anchor}', '"2024-01-20T08:00:00+00:00"')`,
    )
    await upsert(api, { ...body, rrule: 'FREQ=WEEKLY' }, path)
    expect(await rows(api)).toMatchObject([
      { schedule: { rrule: 'RRULE:FREQ=WEEKLY', anchor: '2024-01-20T08:00:00+00:00' } },
    ])
  })

  test('a paused one stays paused', async ({ api }) => {
    const { body } = await upsert(api, hourly)
    await api.call('POST', `/jobs/${body.job_id}/pause`, { reason: 'maintenance' })
    const { body: changed } = await upsert(api, { ...hourly, hours: 2 })
    expect(changed).toMatchObject({ status: 'paused', status_reason: 'maintenance', schedule_time: null, version: 3 })
  })

  test('what is pending goes to the new destination', async ({ api }) => {
    const { body } = await upsert(api, hourly)
    await api.call('POST', `/jobs/${body.job_id}/run`)
    await upsert(api, { ...hourly, callback_url: 'https://new.example/x' })
    expect((await api.call('GET', '/executions?destination=https://new.example')).body).toHaveLength(1)
  })

  test('the answer comes once what was just claimed is on the wire', async ({ api, pool }) => {
    const { body } = await upsert(api, hourly)
    await api.call('POST', `/jobs/${body.job_id}/run`)
    const began = performance.now()
    await pool.query(`update executions set state = 'running', attempt = 1, claimed_at = clock_timestamp()`)
    await upsert(api, { ...hourly, callback_url: 'https://new.example/x' })
    expect(performance.now() - began).toBeGreaterThan(240)
  })

  test('409 job-type-conflict for another type, and it stays as it was', async ({ api }) => {
    await upsert(api, hourly)
    const before = await rows(api)
    const refused = await upsert(api, { ...once, external_id: 'x' }, '/jobs?upsert=true')
    expect([refused.status, code(refused)]).toEqual([409, 'job-type-conflict'])
    expect(refused.body.detail).toContain('is an interval job and cannot become a one-time one')
    expect(await rows(api)).toEqual(before)
  })

  test('a body that a create would refuse is refused, and nothing is changed', async ({ api }) => {
    await upsert(api, hourly)
    const before = await rows(api)
    expect(code(await upsert(api, { ...hourly, hours: 0 }))).toBe('validation-failed')
    expect(code(await upsert(api, { ...hourly, end_date: '2024-02-01T00:00:00' }))).toBe('schedule-exhausted')
    expect(await rows(api)).toEqual(before)
  })
})

test('409 external-id-ambiguous where several have it: how many, and what to do', async ({ api }) => {
  for (let i = 0; i < 3; i += 1) await api.call('POST', '/jobs/interval', { ...hourly, external_id: 'a b' })
  const refused = await upsert(api, { ...hourly, external_id: 'a b' })
  expect([refused.status, code(refused)]).toEqual([409, 'external-id-ambiguous'])
  expect(refused.body.detail).toMatch(/^3 jobs have the external_id "a b".+GET \/jobs\?external_id=a%20b; delete/)
})

test('422 without an external_id, and for an upsert that is neither true nor false', async ({ api }) => {
  for (const body of [daily, { ...daily, external_id: null }]) {
    expect((await upsert(api, body)).body).toMatchObject({ status: 422, errors: [{ path: 'external_id' }] })
  }
  const odd = await upsert(api, hourly, '/jobs/interval?upsert=yes')
  expect(odd.body).toMatchObject({ status: 422, errors: [{ path: 'upsert' }] })
})

describe('If-Match', () => {
  test('on an upsert: another version than the job has, or any while there is none, is 412', async ({ api }) => {
    const tagged = (tag: string) => upsert(api, { ...hourly, name: tag }, PATH, { 'if-match': tag })
    expect((await tagged('*')).status).toBe(412)
    await upsert(api, hourly)
    expect((await tagged('"2"')).status).toBe(412)
    expect(await rows(api)).toMatchObject([{ version: 1, name: null }])
    expect((await tagged('"1"')).status).toBe(200)
  })

  test('on a plain create says nothing: there is no version yet', async ({ api }) => {
    expect((await api.call('POST', '/jobs', once, { 'if-match': '"7"' })).status).toBe(201)
  })
})
