import { expect } from 'vitest'
import { type Api, daily, once, test } from '../test/api.ts'

const count = async (api: Api, table: string) =>
  (await api.deps.pool.query(`select count(*)::int as n from ${table}`)).rows[0].n
const create = async (api: Api, fields: object = {}) =>
  (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body.job_id as string

test('creates of a batch are shown with what each would be sent, and nothing is stored', async ({ api }) => {
  const body = [{ type: 'interval', ...daily }, { type: 'once', ...once }, { type: 'once' }]
  const { status, body: answered } = await api.call('POST', '/jobs/batch?dry_run=true', body)
  expect(status).toBe(200)
  const [first, second, third] = answered.results
  expect(first).toMatchObject({ status: 201, diff: { removed: [], moved: [], fires_now: [] } })
  expect(first.diff.added).toHaveLength(20)
  expect(second.diff.added).toEqual([
    {
      nominal: '2099-01-20T08:00:00+07:00',
      effective: '2099-01-20T08:00:00+07:00',
      utc: '2099-01-20T01:00:00Z',
      dst: null,
    },
  ])
  expect(third).toMatchObject({ status: 422, type: '/problems/validation-failed' })
  expect(await count(api, 'jobs')).toBe(0)
})

test.for([
  ['delete', {}],
  ['pause', { reason: 'r' }],
  ['resume', { missed: 'last' }],
] as const)('a batch of %s is shown, each with its diff, and nothing is stored', async ([what, fields], { api }) => {
  const [one, two] = [await create(api, { tags: ['x'] }), await create(api, { tags: ['x'] })]
  if (what === 'resume') await api.call('POST', '/jobs/batch/pause', [one, two])
  const before = (await api.call('GET', '/jobs')).body
  const { status, body } = await api.call('POST', `/jobs/batch/${what}?dry_run=true`, { tag: 'x', ...fields })
  expect(status).toBe(200)
  expect(body.results.map((it: { job_id: string }) => it.job_id)).toEqual([two, one])
  for (const { diff } of body.results) expect(diff[what === 'resume' ? 'added' : 'removed']).toHaveLength(20)
  expect((await api.call('GET', '/jobs')).body).toEqual(before)
  expect(await count(api, 'executions')).toBe(0)
})

test('a backfill is shown with what it would send, and nothing is stored', async ({ api }) => {
  const id = await create(api)
  const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const { status, body } = await api.call('POST', `/jobs/${id}/backfill?dry_run=true`, { from: at(3), to: at(0) })
  expect(status).toBe(200)
  expect(body.job.job_id).toBe(id)
  expect(body.diff).toMatchObject({ added: [], removed: [], moved: [] })
  expect(body.diff.fires_now).toHaveLength(3)
  expect(await count(api, 'executions')).toBe(0)
})
