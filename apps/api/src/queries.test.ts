import { expect } from 'vitest'
import { daily, test } from '../test/api.ts'

test('a + in convert_to, from and to may be left unescaped, as anyone types it', async ({ api }) => {
  const { body: job } = await api.call('POST', '/jobs/interval', daily)
  for (const sign of ['+', '%2B']) {
    const { body } = await api.call('GET', `/jobs/${job.job_id}?convert_to=GMT${sign}5`)
    expect([body.timezone, body.schedule_time.slice(-6)]).toEqual(['GMT+5', '+05:00'])
    const from = `2026-01-01T00:00:00${sign}07:00`
    expect((await api.call('GET', `/executions?from=${from}`)).status).toBe(200)
  }
})
