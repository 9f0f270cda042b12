import { describe, expect, onTestFinished } from 'vitest'
import { type Api, daily, once, test } from '../../test/api.ts'

const create = async (api: Api, fields: object = {}) =>
  (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body

/** Every page from a path on, following the Link header. */
async function pages(api: Api, path: string): Promise<{ job_id: string; execution_id: string }[][]> {
  const found = []
  for (let next: string | undefined = path; next; ) {
    const { status, body, headers } = await api.call('GET', next)
    expect(status).toBe(200)
    found.push(body)
    next = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
  }
  return found
}

describe('POST /jobs', () => {
  test('201: a wall time in the job’s zone', async ({ api }) => {
    const { status, body, headers } = await api.call('POST', '/jobs', once)
    expect([status, headers.get('location')]).toEqual([201, `/jobs/${body.job_id}`])
    expect(body).toMatchObject({
      type: 'once',
      schedule_time: '2099-01-20T08:00:00+07:00',
      payload: {},
      status: 'active',
    })
    expect(body.schedule).toEqual({ schedule_time: '2099-01-20T08:00:00+07:00' })
  })

  test('201: an instant with an offset is shown in the job’s zone, which is UTC by default', async ({ api }) => {
    const { timezone: _, ...rest } = once
    const { body } = await api.call('POST', '/jobs', { ...rest, schedule_time: '2099-01-20T08:00:00.5+07:00' })
    expect(body).toMatchObject({ timezone: 'UTC', schedule_time: '2099-01-20T01:00:00.500+00:00' })
  })

  test('400 schedule-exhausted: an instant that is not in the future', async ({ api, pool }) => {
    const answer = await api.call('POST', '/jobs', { ...once, schedule_time: '2020-01-20T08:00:00' })
    expect([answer.status, answer.body.type]).toEqual([400, '/problems/schedule-exhausted'])
    expect((await pool.query('select from jobs')).rowCount).toBe(0)
  })
})

describe('GET /jobs', () => {
  test('an array, newest first, paged by the Link header without gap or double', async ({ api }) => {
    const ids = []
    for (let i = 0; i < 7; i += 1) ids.unshift((await create(api)).job_id)
    const found = await pages(api, '/jobs?limit=3')
    expect(found.map((page) => page.length)).toEqual([3, 3, 1])
    expect(found.flat().map((it) => it.job_id)).toEqual(ids)
  })

  test('a page that is full but the last has no Link', async ({ api }) => {
    for (let i = 0; i < 2; i += 1) await create(api)
    expect((await api.call('GET', '/jobs?limit=2')).headers.get('link')).toBeNull()
  })

  test('the next page keeps the filters and the zone', async ({ api }) => {
    for (let i = 0; i < 4; i += 1) await create(api, { tags: i % 2 ? ['odd'] : ['even'] })
    const found = await pages(api, '/jobs?limit=1&tag=odd&convert_to=Asia/Tokyo')
    expect(found.flat()).toMatchObject([
      { tags: ['odd'], timezone: 'Asia/Tokyo' },
      { tags: ['odd'], timezone: 'Asia/Tokyo' },
    ])
  })

  test.for([
    ['status=paused', 'paused'],
    ['type=once', 'once'],
    ['tag=t1', 'tagged'],
    ['external_id=x-1', 'external'],
    ['callback_host=Other.example', 'elsewhere'],
  ] as const)('%s', async ([filter, name], { api }) => {
    await create(api, { name: 'tagged', tags: ['t0', 't1'] })
    await create(api, { name: 'external', external_id: 'x-1' })
    await create(api, { name: 'elsewhere', callback_url: 'https://other.example:8443/x' })
    await api.call('POST', '/jobs', { ...once, name: 'once' })
    const paused = await create(api, { name: 'paused' })
    await api.call('POST', `/jobs/${paused.job_id}/pause`)
    const { body } = await api.call('GET', `/jobs?${filter}`)
    expect(body.map((it: { name: string }) => it.name)).toEqual([name])
  })

  test('422: a cursor of another list is foreign', async ({ api }) => {
    const { job_id } = await create(api)
    for (let i = 0; i < 2; i += 1) await api.call('POST', `/jobs/${job_id}/run`)
    const link = (await api.call('GET', '/executions?limit=1')).headers.get('link')
    const cursor = /cursor=([^&>]+)/.exec(link ?? '')?.[1]
    expect((await api.call('GET', `/executions?cursor=${cursor}`)).status).toBe(200)
    const forged = Buffer.from(`dogs:${job_id}`).toString('base64url')
    const ours = Buffer.from(`jobs:${job_id}`).toString('base64url')
    expect((await api.call('GET', `/jobs?cursor=${ours}`)).status).toBe(200)
    for (const foreign of [cursor, forged, `${ours}.`, ours.slice(0, -2)]) {
      const { status, body } = await api.call('GET', `/jobs?cursor=${foreign}`)
      expect([status, body.errors?.[0].path]).toEqual([422, 'cursor'])
    }
  })
})

describe('GET /jobs/{id}', () => {
  test('convert_to shows every time in that zone, and echoes it', async ({ api }) => {
    const { job_id } = await create(api, { start_date: '2098-01-20T08:00:00', end_date: '2098-02-20T08:00:00' })
    const { body } = await api.call('GET', `/jobs/${job_id}?convert_to=gmt-3`)
    expect(body.timezone).toBe('gmt-3')
    expect(body.schedule_time).toBe('2098-01-19T22:00:00-03:00')
    expect(body.schedule).toMatchObject({
      start_date: '2098-01-19T22:00:00-03:00',
      end_date: '2098-02-19T22:00:00-03:00',
    })
    expect(body.created_at).toMatch(/-03:00$/)
  })

  test('404 job-not-found', async ({ api }) => {
    const { status, body } = await api.call('GET', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d')
    expect([status, body.type]).toEqual([404, '/problems/job-not-found'])
  })
})

describe('DELETE /jobs/{id}', () => {
  test('200; it is 404 and unlisted from then on, its executions stay and what was pending is cancelled', async ({
    api,
  }) => {
    const { job_id } = await create(api)
    const { body: run } = await api.call('POST', `/jobs/${job_id}/run`)
    const { status, body } = await api.call('DELETE', `/jobs/${job_id}`)
    expect([status, body]).toEqual([200, { message: 'Job deleted successfully' }])
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/run'],
      ['POST', '/pause'],
      ['POST', '/resume'],
    ] as const) {
      expect((await api.call(method, `/jobs/${job_id}${path}`)).status).toBe(404)
    }
    expect((await api.call('PUT', `/jobs/${job_id}`, {})).status).toBe(404)
    expect((await api.call('GET', '/jobs')).body).toEqual([])
    const { body: left } = await api.call('GET', `/jobs/${job_id}/executions`)
    expect(left).toMatchObject([{ execution_id: run.execution_id, state: 'cancelled', reason: 'deleted' }])
    expect((await api.call('GET', `/executions/${run.execution_id}`)).status).toBe(200)
  })

  test('412 stale-version', async ({ api }) => {
    const { job_id } = await create(api)
    expect((await api.call('DELETE', `/jobs/${job_id}`, undefined, { 'if-match': '"9"' })).status).toBe(412)
    expect((await api.call('DELETE', `/jobs/${job_id}`, undefined, { 'if-match': '"1"' })).status).toBe(200)
  })
})

describe('executions', () => {
  test('paged, latest occurrence first, also where several share one instant', async ({ api, pool }) => {
    for (let i = 0; i < 3; i += 1) {
      const { job_id } = await create(api)
      await pool.query(
        `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
           finished_at, destination)
         select gen_random_uuid(), $1, 1, 'schedule', 'skipped', 'missed_grace', at, at, at, at, 'http://example.com'
         from unnest(array['2024-01-01', '2024-01-02', '2024-01-03']::timestamptz[]) as at`,
        [job_id],
      )
    }
    const found = (await pages(api, '/executions?limit=2')).flat() as unknown as {
      scheduled_for: string
      execution_id: string
    }[]
    expect(found.map((it) => it.scheduled_for.slice(0, 10))).toEqual(
      ['2024-01-03', '2024-01-02', '2024-01-01'].flatMap((day) => [day, day, day]),
    )
    expect(new Set(found.map((it) => it.execution_id)).size).toBe(9)
  })

  test('filtered by state, job, destination and time; shown in the job’s zone, in UTC, or as asked', async ({
    api,
  }) => {
    const [a, b] = [await create(api), await create(api, { callback_url: 'https://other.example/' })]
    const { body: run, headers } = await api.call('POST', `/jobs/${a.job_id}/run`)
    await api.call('POST', `/jobs/${b.job_id}/run`)
    expect(headers.get('location')).toBe(`/executions/${run.execution_id}`)
    const list = async (query: string) =>
      (await api.call('GET', `/executions?${query}`)).body.map((it: { job_id: string }) => it.job_id)
    expect(await list(`job_id=${a.job_id}`)).toEqual([a.job_id])
    expect(await list('destination=https://other.example')).toEqual([b.job_id])
    expect(await list('state=queued')).toHaveLength(2)
    expect(await list('state=failed')).toEqual([])
    expect(await list('to=2024-01-01T00:00:00')).toEqual([])
    expect(await list('from=2024-01-01T00:00:00')).toHaveLength(2)
    const { body: own } = await api.call('GET', `/jobs/${a.job_id}/executions`)
    expect(own[0].scheduled_for).toMatch(/\+07:00$/)
    expect((await api.call('GET', `/executions/${run.execution_id}`)).body).toEqual(own[0])
    const { body: all } = await api.call('GET', '/executions')
    expect(all[0].scheduled_for).toMatch(/\+00:00$/)
    const { body: asked } = await api.call('GET', `/executions/${run.execution_id}?convert_to=Asia/Kolkata`)
    expect(asked.scheduled_for).toMatch(/\+05:30$/)
  })

  test('with their attempts, oldest first', async ({ api, pool }) => {
    const { job_id } = await create(api)
    const { body: run } = await api.call('POST', `/jobs/${job_id}/run`)
    await pool.query(`update executions set state = 'succeeded', attempt = 2, finished_at = now() where id = $1`, [
      run.execution_id,
    ])
    await pool.query(
      `insert into attempts (execution_id, scheduled_for, attempt, outcome, status, started_at, finished_at, job_version,
         worker_id, response_head)
       select id, scheduled_for, n, o::attempt_outcome, s, now(), now(), 1, gen_random_uuid(), 'ok' from executions,
         (values (2, 'succeeded', 200), (1, 'rejected', 500)) as v(n, o, s) where id = $1`,
      [run.execution_id],
    )
    for (const path of [`/executions/${run.execution_id}`, `/jobs/${job_id}/executions`]) {
      const { body } = await api.call('GET', path)
      expect([body].flat()[0].attempts).toMatchObject([
        { attempt: 1, outcome: 'rejected', status: 500 },
        { attempt: 2, outcome: 'succeeded', status: 200 },
      ])
    }
  })

  test('404 execution-not-found, 404 job-not-found', async ({ api }) => {
    const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'
    expect((await api.call('GET', `/executions/${id}`)).body.type).toBe('/problems/execution-not-found')
    expect((await api.call('GET', `/jobs/${id}/executions`)).body.type).toBe('/problems/job-not-found')
  })
})

describe('POST /jobs/{id}/run', () => {
  test('202: an execution outside the schedule, with one item in the queue; the job’s clock stays', async ({
    api,
    pool,
  }) => {
    const job = await create(api)
    const { status, body } = await api.call('POST', `/jobs/${job.job_id}/run`)
    expect(status).toBe(202)
    expect(body).toMatchObject({ kind: 'manual', state: 'queued', job_id: job.job_id, attempt: 0, attempts: [] })
    const { rows } = await pool.query('select data from pgboss.job')
    expect(rows).toEqual([{ data: { e: body.execution_id, s: Date.parse(body.scheduled_for) } }])
    expect((await api.call('GET', `/jobs/${job.job_id}`)).body).toEqual(job)
  })

  test('runs at the same moment are executions of their own', async ({ api }) => {
    const { job_id } = await create(api)
    const runs = await Promise.all(Array.from({ length: 5 }, () => api.call('POST', `/jobs/${job_id}/run`, {})))
    expect(new Set(runs.map((it) => it.body.scheduled_for)).size).toBe(5)
  })

  test('a run whose millisecond is taken gets the next free one', async ({ api, pool }) => {
    const { job_id } = await create(api)
    const { rows } = await pool.query(
      `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
         finished_at, destination)
       select gen_random_uuid(), $1, 1, 'manual', 'cancelled', 'paused', at, at, at, at, 'http://example.com'
       from generate_series(now(), now() + interval '300 ms', '1 ms') as at returning scheduled_for`,
      [job_id],
    )
    const { status, body } = await api.call('POST', `/jobs/${job_id}/run`)
    expect(status).toBe(202)
    expect(Date.parse(body.scheduled_for)).toBeGreaterThan(rows.at(-1).scheduled_for.getTime())
  })

  test('a paused job runs, and the pause before does not cancel it', async ({ api, pool }) => {
    const { job_id } = await create(api)
    await api.call('POST', `/jobs/${job_id}/pause`)
    const { status, body } = await api.call('POST', `/jobs/${job_id}/run`)
    expect([status, body.state]).toEqual([202, 'queued'])
    const { rows } = await pool.query(
      'select e.created_at >= j.paused_at as later from executions e join jobs j on j.id = e.job_id',
    )
    expect(rows).toEqual([{ later: true }])
  })

  test('a run that waited for a pause counts as later than it', async ({ api, pool }) => {
    const { job_id } = await create(api)
    const pause = await pool.connect()
    onTestFinished(() => pause.release(true))
    await pause.query('begin')
    await pause.query('select from jobs for update')
    const run = api.call('POST', `/jobs/${job_id}/run`)
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await pool.query(waiting)).rowCount).toBe(1)
    await pause.query(
      `update jobs set status = 'paused', paused_at = date_trunc('milliseconds', clock_timestamp()),
         next_run_at = null, next_scheduled_for = null`,
    )
    await pause.query('commit')
    expect((await run).status).toBe(202)
    const { rows } = await pool.query(
      'select e.created_at >= j.paused_at as later from executions e join jobs j on j.id = e.job_id',
    )
    expect(rows).toEqual([{ later: true }])
  })

  test('503 while the queue has not started', async ({ api, pool }) => {
    const { job_id } = await create(api)
    api.deps.boss = () => null
    expect((await api.call('POST', `/jobs/${job_id}/run`)).status).toBe(503)
    expect((await pool.query('select from executions')).rowCount).toBe(0)
  })
})
