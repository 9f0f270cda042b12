import type { Pool } from '@scheduler/db/client'
import { describe, expect } from 'vitest'
import { type Api, daily, test } from '../../test/api.ts'

/** A job of a tag with so many executions that failed for good, one a minute until now. */
async function deadJob(api: Api, count = 1, fields: object = {}): Promise<string> {
  const { job_id } = (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body
  for (let i = 0; i < count; i += 1) await api.call('POST', `/jobs/${job_id}/run`)
  await api.deps.pool.query(
    `update executions e set state = 'failed', reason = 'rejected', attempt = 4, failures = 4, first_attempt_at = now(),
       finished_at = d.at, dead_at = d.at
     from (select id, date_trunc('milliseconds', now()) - row_number() over (order by scheduled_for desc) * interval '1 minute' as at
       from executions where job_id = $1) as d where d.id = e.id`,
    [job_id],
  )
  return job_id
}

const list = async (api: Api, query = '') => (await api.call('GET', `/dead-letters${query}`)).body
const queued = async (pool: Pool) =>
  (await pool.query(`select count(*)::int as n from executions where finished_at is null`)).rows[0].n

describe('GET /dead-letters', () => {
  test('lists what failed for good, the last death first, in pages', async ({ api }) => {
    await deadJob(api, 5)
    const { job_id } = (await api.call('POST', '/jobs/interval', daily)).body
    await api.call('POST', `/jobs/${job_id}/run`)
    const whole = await list(api)
    expect(whole).toHaveLength(5)
    expect(whole[0]).toMatchObject({ state: 'failed', reason: 'rejected', dead_at: whole[0].finished_at })
    const times = whole.map((it: { dead_at: string }) => it.dead_at)
    expect(times).toEqual([...times].sort().reverse())

    const paged = []
    let next: string | undefined = '/dead-letters?limit=2'
    while (next) {
      const { body, headers } = await api.call('GET', next)
      paged.push(...body)
      next = /<(.*)>/.exec(headers.get('link') ?? '')?.[1]
    }
    expect(paged).toEqual(whole)
  })

  test('pages through deaths of one instant', async ({ api, pool }) => {
    await deadJob(api, 5)
    await pool.query(`update executions set dead_at = '2026-01-01T00:00:00Z', finished_at = '2026-01-01T00:00:00Z'`)
    const first = await api.call('GET', '/dead-letters?limit=3')
    const rest = await api.call('GET', /<(.*)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '')
    const ids = [...first.body, ...rest.body].map((it) => it.execution_id)
    expect(new Set(ids).size).toBe(5)
  })

  test('by job, destination, reason, tag of the job, and time', async ({ api }) => {
    const one = await deadJob(api, 2, { tags: ['reports'] })
    await deadJob(api, 1, { callback_url: 'http://other.example/x' })
    const [, middle] = await list(api, `?job_id=${one}`)
    const cases: [string, number][] = [
      [`job_id=${one}`, 2],
      ['destination=http://other.example', 1],
      ['reason=rejected', 3],
      ['reason=timed_out', 0],
      ['tag=reports', 2],
      ['tag=none', 0],
      [`job_id=${one}&to=${middle.dead_at.replace('+', '%2B')}`, 0],
      [`job_id=${one}&from=${middle.dead_at.replace('+', '%2B')}`, 2],
      [`from=2099-01-01`, 0],
    ]
    for (const [query, count] of cases) expect(await list(api, `?${query}`), query).toHaveLength(count)
    expect((await list(api, '?convert_to=GMT%2B7'))[0].dead_at).toMatch(/\+07:00$/)
  })

  test.for(['dead-letters', 'executions'])(
    'a cursor of %s that somebody made up is no error of ours',
    async (list, { api }) => {
      for (const at of ['999999999999999', '253402300800000', '249999999999999', '0']) {
        const cursor = Buffer.from(`${list}:${at}.00000000-0000-7000-8000-000000000000`).toString('base64url')
        expect((await api.call('GET', `/${list}?cursor=${cursor}`)).status, at).toBeLessThan(500)
      }
    },
  )

  test('422 for what no list knows, and for a cursor of another list', async ({ api }) => {
    const foreign = Buffer.from('executions:1.00000000-0000-7000-8000-000000000000').toString('base64url')
    for (const query of ['state=failed', 'reason=bad', 'from=soon', 'limit=0', `cursor=${foreign}`, 'tag=']) {
      const { status, body } = await api.call('GET', `/dead-letters?${query}`)
      expect([status, body.errors[0].path], query).toEqual([422, query.split('=')[0]])
    }
  })
})

describe('POST /executions/{id}/redrive', () => {
  test('queues the same execution again, once for a key', async ({ api }) => {
    await deadJob(api)
    const [dead] = await list(api)
    const explained = async () => (await api.call('GET', `/executions/${dead.execution_id}/explain`)).body.sentence
    expect(await explained()).toMatch(/^Run by hand: it failed: .*; it is a dead letter, and can be redriven\.$/)
    const path = `/executions/${dead.execution_id}/redrive`
    const { status, body } = await api.call('POST', path, undefined, { 'idempotency-key': 'a' })
    expect(status).toBe(202)
    expect(body).toMatchObject({ ...{ execution_id: dead.execution_id, state: 'queued', reason: null, attempt: 4 } })
    expect(body).toMatchObject({ finished_at: null, dead_at: null, redriven_at: expect.any(String) })
    expect(await list(api)).toEqual([])
    expect(await explained()).toMatch(/^Run by hand: it was redriven at .* and waits for a worker\.$/)
    const again = await api.call('POST', path, undefined, { 'idempotency-key': 'a' })
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([202, body, 'true'])
    expect((await api.call('POST', path)).body.type).toBe('/problems/not-a-dead-letter')
  })

  test('409 for a deleted job; 404 for none; a dry run changes nothing', async ({ api, pool }) => {
    const job = await deadJob(api)
    const [dead] = await list(api)
    const path = `/executions/${dead.execution_id}/redrive`
    const dry = await api.call('POST', `${path}?dry_run=true`)
    expect([dry.status, dry.body.state]).toEqual([200, 'queued'])
    expect(await list(api)).toEqual([dead])
    expect((await pool.query(`select from pgboss.job where name = 'deliver'`)).rowCount).toBe(1)
    await api.call('DELETE', `/jobs/${job}`)
    expect((await api.call('POST', path)).body).toMatchObject({ status: 409, type: '/problems/job-deleted' })
    expect((await api.call('POST', `/executions/${job}/redrive`)).status).toBe(404)
    expect((await api.call('POST', '/executions/x/redrive')).status).toBe(404)
  })
})

describe('POST /dead-letters/redrive', () => {
  test('redrives what the filters mean, up to the limit, at the rate', async ({ api, pool }) => {
    const one = await deadJob(api, 3, { tags: ['reports'] })
    await deadJob(api, 2)
    const body = { tag: 'reports', limit: 2, rate_per_second: 0.1 }
    const dry = await api.call('POST', '/dead-letters/redrive?dry_run=true', body)
    expect([dry.status, dry.body, await queued(pool)]).toEqual([
      200,
      { executions: 2, remaining: 1, remaining_is_lower_bound: false },
      0,
    ])
    const done = await api.call('POST', '/dead-letters/redrive', body)
    expect([done.status, done.body]).toEqual([202, { executions: 2, remaining: 1, remaining_is_lower_bound: false }])
    expect(await list(api, `?job_id=${one}`)).toHaveLength(1)
    const { rows } = await pool.query(
      `select next_attempt_at - redriven_at as wait from executions where next_attempt_at is not null`,
    )
    expect(rows).toMatchObject([{ wait: { seconds: 10 } }])
    const rest = await api.call('POST', '/dead-letters/redrive', {})
    expect(rest.body).toEqual({ executions: 3, remaining: 0, remaining_is_lower_bound: false })
  })

  test('names those of a list that it refuses', async ({ api }) => {
    const job = await deadJob(api, 2)
    const ids = (await list(api)).map((it: { execution_id: string }) => it.execution_id)
    const { body } = await api.call('POST', '/dead-letters/redrive', { execution_ids: [...ids, job] })
    expect(body).toMatchObject({ executions: 2, remaining: 0, problems: [{ execution_id: job, status: 404 }] })
  })

  test('422 names the field', async ({ api }) => {
    const bad: [string, object][] = [
      ['rate_per_second', { rate_per_second: 0.01 }],
      ['rate_per_second', { rate_per_second: 1_001 }],
      ['limit', { limit: 10_001 }],
      ['execution_ids', { execution_ids: [] }],
      ['execution_ids.0', { execution_ids: ['x'] }],
      ['from', { from: 'soon' }],
      ['state', { state: 'failed' }],
    ]
    for (const [path, body] of bad) {
      const { status, body: answered } = await api.call('POST', '/dead-letters/redrive', body)
      expect([status, answered.errors[0].path], JSON.stringify(body)).toEqual([422, path])
    }
  })
})

describe('DELETE /dead-letters', () => {
  test('puts away what the filters mean, and leaves it in the ledger', async ({ api }) => {
    const one = await deadJob(api, 3)
    await deadJob(api, 2)
    expect((await api.call('DELETE', '/dead-letters')).body.errors[0].path).toBe('all')
    expect((await api.call('DELETE', `/dead-letters?job_id=${one}&dry_run=true`)).body.deleted).toBe(3)
    expect((await api.call('DELETE', `/dead-letters?job_id=${one}`)).body).toEqual({
      deleted: 3,
      remaining: 0,
      remaining_is_lower_bound: false,
    })
    expect(await list(api)).toHaveLength(2)
    const { body: failed } = await api.call('GET', '/executions?state=failed')
    expect(failed).toHaveLength(5)
    expect((await api.call('DELETE', '/dead-letters?all=true')).body).toEqual({
      deleted: 2,
      remaining: 0,
      remaining_is_lower_bound: false,
    })
  })

  test('one by its id; then it is none any more', async ({ api }) => {
    const job = await deadJob(api)
    const [dead] = await list(api)
    const path = `/dead-letters/${dead.execution_id}`
    expect((await api.call('DELETE', `${path}?dry_run=true`)).status).toBe(200)
    expect(await list(api)).toHaveLength(1)
    expect((await api.call('DELETE', path)).status).toBe(200)
    expect(await list(api)).toEqual([])
    expect((await api.call('DELETE', path)).body.type).toBe('/problems/not-a-dead-letter')
    expect((await api.call('DELETE', `/dead-letters/${job}`)).status).toBe(404)
  })
})
