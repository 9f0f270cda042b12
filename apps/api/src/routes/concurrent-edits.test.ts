import { describe, expect } from 'vitest'
import { type Api, daily, test } from '../../test/api.ts'

const create = async (api: Api) => (await api.call('POST', '/jobs/interval', daily)).body.job_id as string
const ifMatch = (version: number) => ({ 'if-match': `"${version}"` })

test('two clients edit at once, fifty times: one is answered 200, the other 412, and neither change is lost', async ({
  api,
}) => {
  const id = await create(api)
  const expected = { days: 1, jitter: 0 }
  for (let version = 1; version <= 50; version += 1) {
    const edits = [{ days: 1 + version }, { jitter: version }]
    const answers = await Promise.all(edits.map((it) => api.call('PATCH', `/jobs/${id}`, it, ifMatch(version))))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    const lost = answers.find(({ status }) => status === 412)
    expect(lost?.headers.get('etag')).toBe(`"${version + 1}"`)
    Object.assign(expected, edits[answers.findIndex(({ status }) => status === 200)])
    const { body } = await api.call('GET', `/jobs/${id}`)
    expect(body).toMatchObject({ version: version + 1, jitter: expected.jitter, schedule: { days: expected.days } })
  }
})

test('two that read, change and try again until they are let in: a hundred edits, each of which counts', async ({
  api,
}) => {
  const id = await create(api)
  const edit = async (name: 'a' | 'b') => {
    const { headers, body } = await api.call('GET', `/jobs/${id}`)
    const payload = { ...body.payload, [name]: (body.payload[name] ?? 0) + 1 }
    const tag = { 'if-match': headers.get('etag') ?? '' }
    const { status } = await api.call('PUT', `/jobs/${id}`, { payload }, tag)
    if (status === 412) await edit(name)
  }
  const client = async (name: 'a' | 'b') => {
    for (let i = 0; i < 50; i += 1) await edit(name)
  }
  await Promise.all([client('a'), client('b')])
  const { body } = await api.call('GET', `/jobs/${id}`)
  expect(body).toMatchObject({ payload: { a: 50, b: 50 }, version: 101 })
})

describe('If-Match with another version than the job has is 412, and nothing is done', () => {
  test.for([
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['DELETE', ''],
  ] as const)('%s /jobs/{id}%s', async ([method, path], { api }) => {
    const id = await create(api)
    if (path === '/resume') await api.call('POST', `/jobs/${id}/pause`)
    const before = await api.call('GET', `/jobs/${id}`)
    const { version } = before.body
    const refused = await api.call(method, `/jobs/${id}${path}`, undefined, ifMatch(version + 1))
    expect([refused.status, refused.headers.get('etag')]).toEqual([412, `"${version}"`])
    expect((await api.call('GET', `/jobs/${id}`)).body).toEqual(before.body)
    expect((await api.call(method, `/jobs/${id}${path}`, undefined, ifMatch(version))).status).toBe(200)
  })

  test('a pause and a delete at once: one of them is done', async ({ api }) => {
    for (let i = 0; i < 20; i += 1) {
      const id = await create(api)
      const [paused, deleted] = await Promise.all([
        api.call('POST', `/jobs/${id}/pause`, undefined, ifMatch(1)),
        api.call('DELETE', `/jobs/${id}`, undefined, ifMatch(1)),
      ])
      // Of a deleted job there is no version left to be stale.
      expect([
        [200, 412],
        [404, 200],
      ]).toContainEqual([paused.status, deleted.status])
    }
  })
})
