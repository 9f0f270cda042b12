import { executions } from '@scheduler/db/schema/executions'
import { execution } from '@scheduler/db/test/factories'
import { expect } from 'vitest'
import { startApi, test } from '../test/api.ts'

test('a callback of an attempt in flight needs no key at the test receiver, and nothing else goes in that way', async ({
  pool,
  db,
}) => {
  const api = await startApi(pool, { apiKeys: ['a-key'] })
  const [running, queued] = [execution({ state: 'running' }), execution()]
  await db.insert(executions).values([running, queued])
  const headersOf = (it: typeof running) => ({
    'webhook-id': it.id,
    'x-scheduler-scheduled-for': it.scheduledFor.toISOString(),
  })
  const statusOf = async (path: string, headers: Record<string, string>) =>
    (await api.call('POST', path, {}, headers)).status

  expect(await statusOf('/callback/test', headersOf(running))).toBe(200)
  expect(await statusOf('/callback/test', headersOf(queued))).toBe(401)
  expect(await statusOf('/callback/test', { ...headersOf(running), 'x-scheduler-scheduled-for': 'now' })).toBe(401)
  expect(await statusOf('/callback/test', { ...headersOf(running), authorization: 'Bearer another' })).toBe(401)
  expect(await statusOf('/jobs', headersOf(running))).toBe(401)
  await api.close()
})
