import type { Pool, PoolClient } from '@scheduler/db/client'
import { prune } from '@scheduler/db/queries/prune'
import { runJob } from '@scheduler/db/queries/run-job'
import { describe, expect, onTestFinished } from 'vitest'
import { type Api, daily, once, startApi, test } from '../test/api.ts'
import { idempotently } from './idempotency.ts'
import { createFrom } from './new-job.ts'
import type { Boss } from './route.ts'
import { upsertFrom } from './upsert.ts'

const KEY = { 'idempotency-key': '7f1c' }

/** An answer as it went over the wire. */
async function send(api: Api, path: string, body: unknown, headers: Record<string, string> = KEY) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const sent = { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } }
  const response = await fetch(`${api.url}${path}`, sent)
  const [etag, location, replayed] = ['etag', 'location', 'idempotency-replayed'].map((it) => response.headers.get(it))
  return { answer: { status: response.status, etag, location, text: await response.text() }, replayed }
}

const count = async (api: Api, table = 'jobs') =>
  (await api.deps.pool.query(`select count(*)::int as n from ${table}`)).rows[0].n
const code = ({ answer }: { answer: { text: string } }) => JSON.parse(answer.text).type.split('/').at(-1)

describe('the same request with the same key', () => {
  test.for([
    ['/jobs', once],
    ['/jobs/interval', daily],
    ['/jobs/cron', { cron: '@daily', callback_url: daily.callback_url }],
    ['/jobs/rrule', { rrule: 'FREQ=DAILY', callback_url: daily.callback_url }],
    ['/jobs/interval?upsert=true', { ...daily, external_id: 'x' }],
    ['/jobs/batch', [{ type: 'once', ...once }]],
  ] as const)('%s: one job, and the first answer again, byte for byte', async ([path, body], { api }) => {
    const first = await send(api, path, body)
    const second = await send(api, path, body)
    expect([first.replayed, second.replayed]).toEqual([null, 'true'])
    expect(second.answer).toEqual(first.answer)
    expect(first.answer.status).toBe(path === '/jobs/batch' ? 200 : 201)
    expect(await count(api)).toBe(1)
  })

  test('a run: one execution, and one item in the queue', async ({ api }) => {
    const { body } = await api.call('POST', '/jobs/interval', daily)
    const first = await send(api, `/jobs/${body.job_id}/run`, '')
    const second = await send(api, `/jobs/${body.job_id}/run`, '{}')
    expect([second.answer, second.replayed]).toEqual([first.answer, 'true'])
    expect([await count(api, 'executions'), await count(api, 'pgboss.job')]).toEqual([1, 1])
  })

  test('white space makes no other request', async ({ api }) => {
    const first = await send(api, '/jobs', once)
    const second = await send(api, '/jobs', JSON.stringify(once, null, 2))
    expect([second.answer, second.replayed]).toEqual([first.answer, 'true'])
  })

  test('the answer is the first one, also when the job has been edited and deleted since', async ({ api }) => {
    const first = await send(api, '/jobs', once)
    const { job_id } = JSON.parse(first.answer.text)
    await api.call('PUT', `/jobs/${job_id}`, { name: 'changed' })
    await api.call('DELETE', `/jobs/${job_id}`)
    expect((await send(api, '/jobs', once)).answer).toEqual(first.answer)
  })

  // One that has just started: it does not know the database's time yet.
  test('a hundred at once: one job, and a hundred equal answers', async ({ pool }) => {
    const api = await startApi(pool)
    onTestFinished(() => api.close())
    const sent = await Promise.all(Array.from({ length: 100 }, () => send(api, '/jobs/interval', daily)))
    expect(new Set(sent.map(({ answer }) => JSON.stringify(answer))).size).toBe(1)
    expect(sent[0]?.answer.status).toBe(201)
    expect(sent.filter(({ replayed }) => replayed === 'true')).toHaveLength(99)
    expect(await count(api)).toBe(1)
  })
})

describe('another request with the same key is refused with idempotency-key-reused', () => {
  test.for([
    ['another body', '/jobs/interval', { ...daily, days: 2 }],
    ['another path', '/jobs/batch', [{ type: 'interval', ...daily }]],
    ['another query', '/jobs/interval?upsert=false', daily],
  ] as const)('%s', async ([_what, path, body], { api }) => {
    await send(api, '/jobs/interval', daily)
    const refused = await send(api, path, body)
    expect([refused.answer.status, code(refused), refused.replayed]).toEqual([409, 'idempotency-key-reused', null])
    expect(JSON.parse(refused.answer.text).detail).toContain('use a new key')
    expect(await count(api)).toBe(1)
  })
})

test('a refused request stores nothing: its key serves the corrected one', async ({ api }) => {
  for (const body of [
    { ...daily, days: 0 },
    { ...daily, end_date: '2024-02-01T00:00:00' },
  ]) {
    expect((await send(api, '/jobs/interval', body)).answer.status).toBeGreaterThanOrEqual(400)
  }
  expect(await count(api, 'idempotency_keys')).toBe(0)
  expect((await send(api, '/jobs/interval', daily)).answer.status).toBe(201)
})

test('without the header nothing is stored, and the same request makes another job', async ({ api }) => {
  await send(api, '/jobs', once, {})
  expect((await send(api, '/jobs', once, {})).replayed).toBeNull()
  expect([await count(api), await count(api, 'idempotency_keys')]).toEqual([2, 0])
})

const works: Record<string, (on: Pool | PoolClient, api: Api, id: string) => Promise<unknown>> = {
  create: (on, { deps }) => createFrom({ type: 'interval', ...daily }, on, deps),
  upsert: (on, { deps }) => upsertFrom({ type: 'interval', ...daily, external_id: 'new' }, undefined, on, deps),
  edit: (on, { deps }) => upsertFrom({ type: 'interval', ...daily, external_id: 'old', days: 2 }, undefined, on, deps),
  run: (on, { deps }, id) => runJob(on, deps.boss() as Boss, id),
}

test.for(Object.keys(works))(
  'a crash before the commit leaves nothing of it, and no key: %s',
  async (work, { api }) => {
    const { body } = await api.call('POST', '/jobs/interval', { ...daily, external_id: 'old' })
    const written = async () => {
      const tables = ['jobs', 'job_versions', 'executions', 'pgboss.job', 'idempotency_keys']
      return await Promise.all(tables.map(async (it) => (await api.deps.pool.query(`select * from ${it}`)).rows))
    }
    const before = await written()
    const crashing = idempotently({ key: 'k', fingerprint: 'f', status: 201 }, api.deps, async (on) => {
      await works[work]?.(on, api, body.job_id)
      const { rows } = await on.query('select pg_backend_pid() as pid')
      await api.deps.pool.query('select pg_terminate_backend($1)', [rows[0].pid])
      return { body: {} }
    })
    await expect(crashing).rejects.toThrow()
    expect(await written()).toEqual(before)
  },
)

test('after 24 hours the key is free, pruned or not', async ({ api, pool }) => {
  const age = (hours: number) =>
    pool.query('update idempotency_keys set created_at = now() - make_interval(mins => $1)', [hours * 60])
  await send(api, '/jobs', once)
  await age(23.9)
  await prune(pool, { days: 30, deadLetterDays: 90 })
  expect((await send(api, '/jobs', once)).replayed).toBe('true')
  await age(24.1)
  const again = await send(api, '/jobs', once)
  expect([again.answer.status, again.replayed, await count(api)]).toEqual([201, null, 2])
  expect((await send(api, '/jobs', once)).answer).toEqual(again.answer)
  await age(24.1)
  await prune(pool, { days: 30, deadLetterDays: 90 })
  expect(await count(api, 'idempotency_keys')).toBe(0)
})

test('422: a key that is empty, too long, or not of visible ASCII characters', async ({ api }) => {
  for (const key of ['', 'k'.repeat(256), 'two words', 'ké']) {
    const refused = await send(api, '/jobs', once, { 'idempotency-key': key })
    expect([key, refused.answer.status]).toEqual([key, 422])
    expect(JSON.parse(refused.answer.text).errors[0].path).toBe('Idempotency-Key')
  }
  expect((await send(api, '/jobs', once, { 'idempotency-key': 'k'.repeat(255) })).answer.status).toBe(201)
})
