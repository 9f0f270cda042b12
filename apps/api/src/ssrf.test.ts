import { resolved, written } from '@scheduler/core/test/ssrf-vectors'
import { describe, expect, onTestFinished } from 'vitest'
import { once, startApi, test } from '../test/api.ts'

const strict = { targetPolicy: { allowPrivate: false, allowCidrs: [], allowHosts: [] } }
const at = (url: string) => url.replaceAll('PORT', '8080')

describe.for(Object.entries(written))('in production, %s', ([, urls]) => {
  test('no job is created for any of them, told of there, or changed to it; each answer names the field', async ({
    pool,
  }) => {
    const api = await startApi(pool, strict)
    onTestFinished(api.close)
    const { body: job } = await api.call('POST', '/jobs', once)
    for (const url of urls.map(at)) {
      const created = await api.call('POST', '/jobs', { ...once, callback_url: url })
      expect([created.status, created.body.errors?.[0]?.path], url).toEqual([422, 'callback_url'])
      const notified = await api.call('POST', '/jobs', { ...once, notify: { url } })
      expect([notified.status, notified.body.errors?.[0]?.path], url).toEqual([422, 'notify.url'])
      const changed = await api.call('PATCH', `/jobs/${job.job_id}`, { callback_url: url }, merge)
      expect([changed.status, changed.body.errors?.[0]?.path], url).toEqual([422, 'callback_url'])
    }
    expect((await pool.query('select from jobs')).rowCount).toBe(1)
  })
})

const merge = { 'content-type': 'application/merge-patch+json' }

test('in production, names are taken whatever they resolve to: that is for the moment of the call', async ({
  pool,
}) => {
  const api = await startApi(pool, strict)
  onTestFinished(api.close)
  for (const { url } of Object.values(resolved).flat()) {
    const { status } = await api.call('POST', '/jobs', { ...once, callback_url: at(url) })
    expect(status, url).toBe(201)
  }
})
