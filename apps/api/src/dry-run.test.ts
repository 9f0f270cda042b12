import type { Pool } from '@scheduler/db/client'
import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { describe, expect, onTestFinished } from 'vitest'
import { type Api, daily, once, test } from '../test/api.ts'

const DAY = 86_400_000
const create = async (api: Api, fields: object = {}) =>
  (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body

/** Everything that a write could leave behind. */
async function stored(pool: Pool) {
  const tables = ['jobs', 'executions', 'job_versions', 'idempotency_keys', 'pgboss.job']
  const found = await Promise.all(tables.map((it) => pool.query(`select * from ${it} order by 1`)))
  return found.map(({ rows }) => rows)
}

/** The notifications that reach a listener while `work` goes on. */
async function heard(pool: Pool, work: () => Promise<unknown>): Promise<string[]> {
  const client = await pool.connect()
  onTestFinished(() => client.release(true))
  const channels: string[] = []
  client.on('notification', ({ channel }) => channels.push(channel))
  for (const channel of ['scheduler_due', 'scheduler_work', 'scheduler_cancel', 'over']) {
    await client.query(`listen ${channel}`)
  }
  await work()
  await pool.query('notify over')
  await expect.poll(() => channels).toContain('over')
  return channels.filter((it) => it !== 'over')
}

/** Makes a job paused since the morning of `days` days ago. */
async function pauseSince(api: Api, id: string, days: number): Promise<void> {
  await api.call('POST', `/jobs/${id}/pause`)
  const since = new Date(Math.floor(Date.now() / DAY) * DAY - days * DAY)
  await api.deps.pool.query('update jobs set cursor_at = $1, paused_at = $1 where id = $2', [since, id])
}

describe('?dry_run=true stores nothing and tells nobody', () => {
  const soon = new Date(Date.now() + 60_000).toISOString()

  test.for([
    ['POST', '/jobs', { ...once, schedule_time: soon }],
    ['POST', '/jobs/interval', { ...daily, start_date: null, days: undefined, seconds: 1 }],
    ['POST', '/jobs/cron', { cron: '* * * * * *', callback_url: daily.callback_url }],
    ['POST', '/jobs/rrule', { rrule: 'FREQ=DAILY', callback_url: daily.callback_url }],
    ['POST', '/jobs/interval?upsert=true', { ...daily, external_id: 'mine', hours: 1 }],
    ['PUT', '/jobs/:interval', { ...once, schedule_time: undefined, name: 'n' }],
    ['PUT', '/jobs/interval/:interval', { seconds: 1 }],
    ['PUT', '/jobs/cron/:cron', { cron: '* * * * * *' }],
    ['PUT', '/jobs/rrule/:rrule', { rrule: 'FREQ=HOURLY' }],
    ['PATCH', '/jobs/:interval', { days: 2 }],
    ['DELETE', '/jobs/:interval', undefined],
    ['POST', '/jobs/:interval/pause', { reason: 'why', until: soon }],
    ['POST', '/jobs/:paused/resume', { missed: 'all' }],
    ['POST', '/jobs/:interval/run', undefined],
  ] as const)('%s %s', async ([method, path, body], { api, pool }) => {
    const paused = await create(api)
    await pauseSince(api, paused.job_id, 3)
    const ids: Record<string, string> = { ':paused': paused.job_id }
    ids[':interval'] = (await create(api, { external_id: 'mine' })).job_id
    const rule = { callback_url: daily.callback_url }
    ids[':cron'] = (await api.call('POST', '/jobs/cron', { ...rule, cron: '0 9 * * *' })).body.job_id
    ids[':rrule'] = (await api.call('POST', '/jobs/rrule', { ...rule, rrule: 'FREQ=DAILY' })).body.job_id
    // Pending and in flight: a real pause would cancel the one and wait for the other.
    await api.call('POST', `/jobs/${ids[':interval']}/run`)
    await pool.query(`update executions set state = 'running', attempt = 1, claimed_at = now() + interval '1 hour'`)
    await api.call('POST', `/jobs/${ids[':interval']}/run`)
    const real = path.replace(/:\w+/, (name) => ids[name] ?? '')
    const before = await stored(pool)
    const channels = await heard(pool, async () => {
      const dry = `${real}${real.includes('?') ? '&' : '?'}dry_run=true`
      const holdUps = watchHoldUps()
      const begun = performance.now()
      const answered = await api.call(method, dry, body, { 'idempotency-key': 'once' })
      // What a change waits until a request that was just claimed is on the wire.
      expect(performance.now() - begun).toBeLessThan(250 + holdUps.longestMs())
      expect([answered.status, Object.keys(answered.body)]).toEqual([200, ['job', 'diff']])
      expect(answered.headers.get('etag')).toBeNull()
      expect(answered.headers.get('location')).toBeNull()
    })
    expect(channels).toEqual([])
    expect(await stored(pool)).toEqual(before)
  })
})

describe('the answer', () => {
  test('a create: the job, and its next 20 occurrences as added', async ({ api }) => {
    const { body } = await api.call('POST', '/jobs/interval?dry_run=true', daily)
    expect(body.job).toMatchObject({ type: 'interval', status: 'active', version: 1, callback_url: daily.callback_url })
    expect(body.diff).toMatchObject({ removed: [], moved: [], fires_now: [] })
    expect(body.diff.added).toHaveLength(20)
    expect(body.diff.added[0].nominal).toBe(body.job.schedule_time)
  })

  test('another time of day is moved, another name is no difference', async ({ api }) => {
    // Far ahead: of today's two times the one may be past and the other to come.
    const { job_id } = await create(api, { start_date: '2098-01-20T08:00:00' })
    const path = `/jobs/${job_id}?dry_run=true`
    const { body } = await api.call('PATCH', path, { start_date: '2098-01-20T09:00:00' })
    expect(body.diff).toMatchObject({ added: [], removed: [], fires_now: [] })
    expect(body.diff.moved).toHaveLength(20)
    const [{ from, to }] = body.diff.moved
    expect([from.nominal.slice(10), to.nominal.slice(10)]).toEqual(['T08:00:00+07:00', 'T09:00:00+07:00'])
    expect(from.utc.slice(10)).toBe('T01:00:00Z')
    expect(body.job.version).toBe(2)
    const named = await api.call('PATCH', path, { name: 'n' })
    expect(named.body.job.name).toBe('n')
    expect(named.body.diff).toEqual({ added: [], removed: [], moved: [], fires_now: [] })
  })

  test('another zone keeps the wall times, each shown in its own', async ({ api }) => {
    const { job_id } = await create(api, { start_date: '2098-01-20T08:00:00' })
    const { body } = await api.call('PATCH', `/jobs/${job_id}?dry_run=true`, { timezone: 'Europe/Rome' })
    expect(body.diff.moved).toHaveLength(20)
    expect(body.diff.moved[0].to.nominal).toMatch(/T08:00:00\+0[12]:00$/)
  })

  test('a jitter moves the effective time of each', async ({ api }) => {
    const { job_id } = await create(api)
    const { body } = await api.call('PATCH', `/jobs/${job_id}?dry_run=true`, { jitter: 3_600 })
    const { from, to } = body.diff.moved[0]
    expect(to.nominal).toBe(from.nominal)
    expect(to.effective).not.toBe(from.effective)
  })

  test('a pause and a delete remove what was to come; a delete shows the job as it is', async ({ api }) => {
    const { job_id } = await create(api)
    const paused = await api.call('POST', `/jobs/${job_id}/pause?dry_run=true`, { reason: 'why' })
    expect(paused.body).toMatchObject({ job: { status: 'paused', status_reason: 'why' }, diff: { added: [] } })
    expect(paused.body.diff.removed).toHaveLength(20)
    const deleted = await api.call('DELETE', `/jobs/${job_id}?dry_run=true`)
    expect(deleted.body.job).toMatchObject({ status: 'active', version: 1 })
    expect(deleted.body.diff.removed).toHaveLength(20)
  })

  test.for([
    ['skip', 0],
    ['last', 1],
    ['all', 3],
  ] as const)('a resume with missed: %s fires now what it sends, at least %d', async ([missed, count], { api }) => {
    const { job_id } = await create(api)
    await pauseSince(api, job_id, 3)
    const path = `/jobs/${job_id}/resume`
    const { body } = await api.call('POST', `${path}?dry_run=true`, { missed })
    expect(body.job.status).toBe('active')
    expect(body.diff.added).toHaveLength(20)
    const fires = body.diff.fires_now.map((it: { nominal: string }) => it.nominal)
    // The fourth comes at one in the morning, UTC.
    expect(fires).toHaveLength(missed === 'all' && Date.now() % DAY >= 3_600_000 ? 4 : count)
    await api.call('POST', path, { missed })
    const sent = (await api.call('GET', `/jobs/${job_id}/executions`)).body
      .filter((it: { state: string }) => it.state !== 'skipped')
      .map((it: { scheduled_for: string }) => it.scheduled_for)
    expect(fires).toEqual(sent.reverse())
  })

  test('a run fires now, also of a paused job', async ({ api }) => {
    const { job_id } = await create(api)
    await api.call('POST', `/jobs/${job_id}/pause`)
    const { body } = await api.call('POST', `/jobs/${job_id}/run?dry_run=true`)
    expect(body.diff).toMatchObject({ added: [], removed: [], moved: [], fires_now: [{ dst: null }] })
    expect(Math.abs(Date.parse(body.diff.fires_now[0].nominal) - Date.now())).toBeLessThan(5_000)
  })

  test('an edit that sends what the old schedule still owed says so', async ({ api, pool }) => {
    const { job_id } = await create(api)
    await pool.query(
      `update jobs set cursor_at = now() - interval '25 hours', next_run_at = now(), next_scheduled_for = now() - interval '1 ms'`,
    )
    const grace = { misfire: { grace_seconds: 90_000 } }
    await pool.query(`update jobs set policies = '{"misfire":{"graceSeconds":90000}}'`)
    const { body } = await api.call('PATCH', `/jobs/${job_id}?dry_run=true`, { days: 2, ...grace })
    expect(body.diff.fires_now).toHaveLength(1)
  })

  test('max_runs counts what was sent', async ({ api, pool }) => {
    const { job_id } = await create(api)
    await pool.query('update jobs set runs = 3')
    const { body } = await api.call('PATCH', `/jobs/${job_id}?dry_run=true`, { max_runs: 5 })
    expect(body.diff).toMatchObject({ added: [], moved: [] })
    expect(body.diff.removed).toHaveLength(18)
  })
})

describe('refusals are those of the real write', () => {
  test.for([
    ['PATCH', '/jobs/:id', { cron: '* * * * *' }, 409],
    ['PATCH', '/jobs/:id', { end_date: '2020-01-01' }, 422],
    ['PUT', '/jobs/cron/:id', { cron: '* * * * *' }, 400],
    ['DELETE', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d', undefined, 404],
    ['POST', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d/run', undefined, 404],
    ['POST', '/jobs', { ...once, schedule_time: '2020-01-01' }, 400],
    ['POST', '/jobs/interval', { ...daily, days: 0 }, 422],
    ['POST', '/jobs/:id/pause', { until: '2020-01-01' }, 422],
  ] as const)('%s %s %j: %d', async ([method, path, body, status], { api }) => {
    const { job_id } = await create(api)
    const real = path.replace(':id', job_id)
    const dry = await api.call(method, `${real}?dry_run=true`, body)
    expect(dry.status).toBe(status)
    const { type, detail } = (await api.call(method, real, body)).body
    expect(dry.body).toMatchObject({ type, detail })
  })

  test('412 stale-version for an If-Match of another version', async ({ api }) => {
    const { job_id } = await create(api)
    for (const [method, path] of [
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/pause'],
      ['POST', '/resume'],
    ] as const) {
      const body = method === 'PATCH' ? { name: 'n' } : undefined
      const url = `/jobs/${job_id}${path}?dry_run=true`
      expect((await api.call(method, url, body, { 'if-match': '"9"' })).status, url).toBe(412)
      expect((await api.call(method, url, body, { 'if-match': '"1"' })).status, url).toBe(200)
    }
  })

  test('422 for a value that is neither true nor false, and where nothing is written', async ({ api }) => {
    const { job_id } = await create(api)
    expect((await api.call('DELETE', `/jobs/${job_id}?dry_run=yes`)).status).toBe(422)
    expect((await api.call('GET', `/jobs/${job_id}?dry_run=true`)).status).toBe(422)
    expect((await api.call('DELETE', `/jobs/${job_id}?dry_run=false`)).body).toHaveProperty('message')
  })
})
