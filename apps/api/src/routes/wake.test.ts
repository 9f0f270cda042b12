import { DUE_CHANNEL, WORK_CHANNEL } from '@scheduler/db/notify'
import { describe, expect, onTestFinished } from 'vitest'
import { type Api, daily, once, test } from '../../test/api.ts'

/** The channels of the notifications that a request sends, up to one of ours. */
async function notified(api: Api, request: () => Promise<unknown>): Promise<string[]> {
  const client = await api.deps.pool.connect()
  onTestFinished(() => client.release(true))
  await client.query(`listen ${DUE_CHANNEL}; listen ${WORK_CHANNEL}; listen over`)
  const channels: string[] = []
  const over = new Promise<void>((resolve) => {
    client.on('notification', ({ channel }) => (channel === 'over' ? resolve() : channels.push(channel)))
  })
  await request()
  await api.deps.pool.query('notify over')
  await over
  return channels
}

const soon = { ...daily, days: undefined, seconds: 1 }

describe('the dispatchers are woken', () => {
  test('by a create that is due within a second, and by no other', async ({ api }) => {
    expect(await notified(api, () => api.call('POST', '/jobs/interval', soon))).toEqual([DUE_CHANNEL])
    expect(await notified(api, () => api.call('POST', '/jobs', once))).toEqual([])
  })

  test('by an edit that makes a job due within a second, and by no other', async ({ api }) => {
    const { body } = await api.call('POST', '/jobs/interval', daily)
    const edit = (fields: object) => () => api.call('PUT', `/jobs/interval/${body.job_id}`, fields)
    expect(await notified(api, edit({ name: 'n' }))).toEqual([])
    expect(await notified(api, edit({ seconds: 1 }))).toEqual([DUE_CHANNEL])
  })
})

test('the claimers are woken by a run, and by a resume that sends something', async ({ api }) => {
  const { body } = await api.call('POST', '/jobs/interval', daily)
  const path = `/jobs/${body.job_id}`
  expect(await notified(api, () => api.call('POST', `${path}/run`))).toEqual([WORK_CHANNEL])
  await api.call('POST', `${path}/pause`)
  await api.deps.pool.query(`update jobs set cursor_at = now() - interval '3 days'`)
  expect(await notified(api, () => api.call('POST', `${path}/resume`, { missed: 'last' }))).toEqual([WORK_CHANNEL])
})

describe('batches wake the dispatchers once', () => {
  const created = async (api: Api, count: number, fields: object) => {
    const body = Array.from({ length: count }, () => ({ type: 'interval', ...fields }))
    return (await api.call('POST', '/jobs/batch', body)).body.results.map((it: { job_id: string }) => it.job_id)
  }

  test('when a pause ends within a second, and not for later ones', async ({ api }) => {
    const ids = await created(api, 3, daily)
    const pause = (ms: number) => () =>
      api.call('POST', '/jobs/batch/pause', { ids, until: new Date(Date.now() + ms).toISOString() })
    expect(await notified(api, pause(60_000))).toEqual([])
    expect(await notified(api, pause(600))).toEqual([DUE_CHANNEL])
  })

  test('when a job that is resumed is due within a second', async ({ api }) => {
    const [ids, others] = [await created(api, 3, soon), await created(api, 3, daily)]
    await api.call('POST', '/jobs/batch/pause', [...ids, ...others])
    expect(await notified(api, () => api.call('POST', '/jobs/batch/resume', others))).toEqual([])
    expect(await notified(api, () => api.call('POST', '/jobs/batch/resume', ids))).toEqual([DUE_CHANNEL])
  })
})
