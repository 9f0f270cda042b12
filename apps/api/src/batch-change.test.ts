import { setImmediate } from 'node:timers/promises'
import { insertLedger } from '@scheduler/db/queries/insert-ledger'
import { begin, untilBlocked } from '@scheduler/db/test/queue'
import { transaction } from '@scheduler/db/transaction'
import { describe, expect } from 'vitest'
import { type Api, daily, startApi, test } from '../test/api.ts'
import { changeEach } from './batch-change.ts'
import type { AnyRoute } from './route.ts'
import { deleteJob } from './routes/delete-job.ts'

const ID = '00000000-0000-7000-8000-000000000000'

/** Daily jobs, oldest first. */
async function create(api: Api, count: number, fields: object = {}): Promise<string[]> {
  const body = Array.from({ length: count }, () => ({ type: 'interval', ...daily, ...fields }))
  return (await api.call('POST', '/jobs/batch', body)).body.results.map((it: { job_id: string }) => it.job_id)
}
const change = (api: Api, what: string, body: unknown) => api.call('POST', `/jobs/batch/${what}`, body)
const done = (ids: string[]) => ids.map((job_id) => ({ status: 200, job_id }))
const statuses = async (api: Api) =>
  (await api.deps.pool.query('select status, deleted_at is not null as deleted from jobs order by id')).rows.map(
    (row) => (row.deleted ? 'deleted' : row.status),
  )
const complete = (api: Api, id: string) =>
  api.deps.pool.query(
    `update jobs set status = 'completed', completed_at = now(), next_run_at = null, next_scheduled_for = null
     where id = $1`,
    [id],
  )

describe('jobs by their ids', () => {
  test('are deleted, each answered in its place; what cannot be is a problem, and hurts no other', async ({ api }) => {
    const [a = '', b = '', c = ''] = await create(api, 3)
    await api.call('POST', `/jobs/${a}/run`)
    const { status, body } = await change(api, 'delete', [c, ID, a, 'x', c])
    expect(status).toBe(200)
    const missing = { status: 404, type: '/problems/job-not-found', title: 'There is no such job' }
    expect(body.results).toEqual([
      { status: 200, job_id: c },
      { ...missing, detail: `There is no job "${ID}", or it has been deleted.` },
      { status: 200, job_id: a },
      { ...missing, detail: 'There is no job "x", or it has been deleted.' },
      { ...missing, detail: `There is no job "${c}", or it has been deleted.` },
    ])
    expect(await statuses(api)).toEqual(['deleted', 'active', 'deleted'])
    expect((await api.call('GET', '/executions')).body).toMatchObject([{ state: 'cancelled', reason: 'deleted' }])
    expect((await api.call('GET', `/jobs/${b}`)).status).toBe(200)
  })

  test('that are there several times are changed one after the other, the others meanwhile', async ({ api }) => {
    const running: string[] = []
    let most = 0
    const watched = {
      async handle({ params: { id } }: { params: { id: string } }) {
        expect(running).not.toContain(id)
        most = Math.max(most, running.push(id))
        await setImmediate()
        running.splice(running.indexOf(id), 1)
        return { body: {} }
      },
    } as unknown as AnyRoute
    const ids = ['a', 'a', 'b', 'a', 'c', 'b', 'd', 'd']
    expect((await changeEach(watched, { ids }, ['active'], api.deps)).body).toEqual({ results: done(ids) })
    expect(most).toBeGreaterThan(1)
  })

  test('are paused with a reason, until a wall time of each job’s zone', async ({ api }) => {
    const ids = [
      ...(await create(api, 1)),
      ...(await create(api, 1, { timezone: 'Asia/Tokyo' })),
      ...(await create(api, 1)),
    ]
    await complete(api, ids[2] ?? '')
    const request = { reason: 'move', until: '2099-01-01T00:00:00', missed: 'last' }
    const { body } = await change(api, 'pause', { ids, ...request })
    expect(body.results).toMatchObject([...done(ids.slice(0, 2)), { status: 409, type: '/problems/job-completed' }])
    const { rows } = await api.deps.pool.query(
      'select status_reason, paused_until, resume_missed from jobs order by id',
    )
    expect(rows).toMatchObject([
      { status_reason: 'move', paused_until: new Date('2099-01-01T00:00:00+07:00'), resume_missed: 'last' },
      { status_reason: 'move', paused_until: new Date('2099-01-01T00:00:00+09:00'), resume_missed: 'last' },
      { status_reason: null, paused_until: null },
    ])
  })

  test('are resumed, and what the pause left out is sent as missed says', async ({ api }) => {
    const ids = await create(api, 2)
    await change(api, 'pause', ids)
    await api.deps.pool.query(`update jobs set cursor_at = now() - interval '3 days'`)
    const { body } = await change(api, 'resume', { ids, missed: 'last' })
    expect(body).toEqual({ results: done(ids) })
    const states = (await api.call('GET', '/executions')).body.map((it: { state: string }) => it.state)
    expect(states.sort()).toEqual(['queued', 'queued', 'skipped', 'skipped'])
  })
})

describe('jobs by a tag', () => {
  test('are deleted, newest first, and no others', async ({ api }) => {
    const ids = await create(api, 3, { tags: ['a', 'b'] })
    await create(api, 1, { tags: ['c'] })
    await complete(api, ids[0] ?? '')
    expect((await change(api, 'delete', { tag: 'b' })).body).toEqual({ results: done(ids.toReversed()) })
    expect(await statuses(api)).toEqual(['deleted', 'deleted', 'deleted', 'active'])
    expect((await change(api, 'delete', { tag: 'b' })).body).toEqual({ results: [] })
  })

  test('are paused and resumed where that changes something', async ({ api }) => {
    const ids = await create(api, 3, { tags: ['a'] })
    await complete(api, ids[0] ?? '')
    await change(api, 'pause', [ids[1]])
    expect((await change(api, 'pause', { tag: 'a' })).body.results).toEqual(done(ids.slice(2)))
    const ending = { tag: 'a', until: '2099-01-01T00:00:00' }
    expect((await change(api, 'pause', ending)).body.results).toEqual(done(ids.slice(1).toReversed()))
    expect((await change(api, 'resume', { tag: 'a' })).body.results).toEqual(done(ids.slice(1).toReversed()))
    expect(await statuses(api)).toEqual(['completed', 'active', 'active'])
  })

  test('ten thousand at the most: more says that there are more', async ({ api, pool }) => {
    const { body } = await api.call('POST', '/jobs/interval', { ...daily, tags: ['a'] })
    await pool.query(
      `insert into jobs (id, type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
         destination, callback_host, timezone, schedule, policies, payload, tags)
       select gen_random_uuid(), type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
         destination, callback_host, timezone, schedule, policies, payload, tags
       from jobs, generate_series(1, 10000)`,
    )
    const seen: string[] = []
    const noting = {
      ...deleteJob,
      handle: async ({ params }: { params: { id?: string } }) => {
        seen.push(params.id ?? '')
        return { body: {} }
      },
    } as unknown as AnyRoute
    const answer = await changeEach(noting, { tag: 'a' }, ['active'], api.deps)
    expect(answer.body).toEqual({ results: done(seen), more: true })
    expect(seen).toHaveLength(10_000)
    expect(seen).toEqual(seen.toSorted().reverse())
    await api.call('DELETE', `/jobs/${body.job_id}`)
    expect((await changeEach(noting, { tag: 'a' }, ['active'], api.deps)).body).not.toHaveProperty('more')
  })

  test('five hundred are deleted, each for itself', async ({ api }) => {
    const ids = await create(api, 500, { tags: ['a'] })
    const began = performance.now()
    expect((await change(api, 'delete', { tag: 'a' })).body).toEqual({ results: done(ids.toReversed()) })
    console.log(`500 deletes: ${Math.round(performance.now() - began)} ms`)
  })
})

test('422: neither ids nor a tag, both, too many ids, none, a field of another batch', async ({ api }) => {
  const ids = [ID]
  for (const [body, path] of [
    [{}, ''],
    [{ ids, tag: 'a' }, ''],
    [[], 'ids'],
    [{ ids: Array(10_001).fill(ID) }, 'ids'],
    [[7], 'ids.0'],
    [{ tag: '' }, 'tag'],
    [{ ids, reason: 'why' }, 'reason'],
  ] as const) {
    const { status, body: problem } = await change(api, 'delete', body)
    expect([body, status, problem.errors[0].path]).toEqual([body, 422, path])
  }
  expect((await change(api, 'delete', {})).body.detail).toBe('The body must give either ids or tag.')
})

test('the wait for what was just claimed does not add up', async ({ api, pool, boss }) => {
  const ids = await create(api, 40)
  const now = new Date()
  const rows = ids.map((jobId) => ({
    ...{ jobId, jobVersion: 1, kind: 'manual' as const, state: 'queued' as const, reason: null, scheduledFor: now },
    ...{
      scheduledUntil: null,
      count: 1,
      effectiveAt: now,
      nextAttemptAt: null,
      behind: false,
      destination: 'http://a',
      flowKey: null,
    },
  }))
  await transaction(pool, (client) => insertLedger(client, boss, rows, now))
  const began = performance.now()
  await pool.query(
    `update executions set state = 'running', attempt = 1, claimed_at = clock_timestamp(), claimed_by = gen_random_uuid()`,
  )
  expect((await change(api, 'pause', ids)).body.results).toEqual(done(ids))
  const took = performance.now() - began
  expect(took).toBeGreaterThan(240)
  // One after the other they would wait for ten seconds, four at a time for two and a half.
  expect(took).toBeLessThan(2_000)
})

test('a job that somebody holds is answered 503 in its place, and the others are done', async ({ api, pool }) => {
  const ids = await create(api, 12)
  const holder = await begin(pool)
  await holder.query('select from jobs where id = $1 for update', [ids[1]])
  const { body } = await change(api, 'delete', ids)
  expect(body.results).toMatchObject([...done(ids.slice(0, 1)), { status: 503 }, ...done(ids.slice(2))])
})

test('a job that a dispatcher holds for a moment is waited for, and done like the others', async ({ api, pool }) => {
  const ids = await create(api, 12)
  const holder = await begin(pool)
  await holder.query('select from jobs where id = $1 for update', [ids[1]])
  const changing = change(api, 'pause', ids)
  await untilBlocked(pool, 1)
  await holder.query('rollback')
  expect((await changing).body.results).toEqual(done(ids))
  expect(await statuses(api)).toEqual(ids.map(() => 'paused'))
})

test('of jobs that fail together each is tried by itself, and only the one at fault fails', async ({ api, pool }) => {
  const ids = await create(api, 12)
  await api.call('POST', `/jobs/${ids[3]}/run`)
  const claim = await begin(pool)
  await claim.query('select from executions for update')
  const { body } = await change(api, 'delete', ids)
  expect(body.results).toMatchObject([...done(ids.slice(0, 3)), { status: 503 }, ...done(ids.slice(4))])
})

test('hundreds of jobs take a few transactions, not one each', async ({ api, pool }) => {
  const ids = await create(api, 300)
  for (const what of ['pause', 'resume', 'delete']) {
    expect((await change(api, what, ids)).body.results).toEqual(done(ids))
    expect((await pool.query('select count(distinct xmin::text)::int as n from jobs')).rows).toEqual([{ n: 3 }])
  }
})

test('once the database is away, the rest is not tried: 503 in the place of each', async ({ api, pool }) => {
  const ids = await create(api, 20)
  let connects = 0
  const away = Object.create(pool, {
    connect: {
      value: async () => {
        connects += 1
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      },
    },
  })
  const broken = await startApi(away)
  const { status, body } = await change(broken, 'delete', ids)
  await broken.close()
  expect(status).toBe(200)
  expect(body.results).toMatchObject(ids.map(() => ({ status: 503, type: '/problems/database-unavailable' })))
  expect(connects).toBe(1)
  expect(await statuses(api)).toEqual(ids.map(() => 'active'))
})
