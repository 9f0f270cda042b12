import type { StoredDelivery } from '@scheduler/core/delivery'
import { methods } from '@scheduler/core/delivery'
import { test } from '@scheduler/db/test/database'
import { expect, onTestFinished } from 'vitest'
import { attempts, createOnceJobs, states } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { answerAfter, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

/** What a receiver gets of a job, and how its execution ended. */
async function sent(databaseUrl: string, delivery: StoredDelivery, { payload = '{}', status = 200, afterMs = 0 } = {}) {
  let method: string | undefined
  const late = afterMs > 0 ? answerAfter(afterMs) : null
  const receiver = await startReceiver((arrival, response, request) => {
    method = request.method
    response.statusCode = status
    if (late) late(arrival, response, request)
    else response.end()
  })
  const parts = await startParts(databaseUrl, { timeoutMs: 500 })
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  await createOnceJobs(parts.pool, [
    { url: `${receiver.origin}/`, payload, delivery: { retry: { limit: 0 }, ...delivery } },
  ])
  parts.dispatcher.wake()
  const [state] = await until('its end', async () => {
    const names = Object.keys(await states(parts.pool))
    return names.some((it) => ['succeeded', 'failed'].includes(it)) && names
  })
  const [arrival] = receiver.arrivals
  return { state, method, body: arrival?.body.toString(), headers: arrival?.headers ?? {} }
}

test.for(methods)('%s goes out as one, with a body or without', async (method, { databaseUrl }) => {
  const isBodiless = method === 'GET' || method === 'HEAD'
  const request = await sent(databaseUrl, { method }, { payload: isBodiless ? '{}' : '{"a":1}' })
  expect(request).toMatchObject({ state: 'succeeded', method, body: isBodiless ? '' : '{"a":1}' })
  expect(request.headers['content-type']).toBe(isBodiless ? undefined : 'application/json')
  expect(request.headers['transfer-encoding']).toBeUndefined()
  expect(request.headers['content-length']).toBe(isBodiless ? undefined : '7')
})

test('a raw body arrives byte for byte, under the headers of the job', async ({ databaseUrl }) => {
  const xml = '<a>\r\n\t"é" 😀</a>\n'
  const headers = [
    { name: 'content-type', value: 'text/xml; charset=utf-8' },
    { name: 'user-agent', value: 'mine/1.0' },
    { name: 'x-empty', value: '' },
  ]
  const request = await sent(databaseUrl, { raw: true, headers }, { payload: xml })
  expect(request).toMatchObject({ state: 'succeeded', body: xml })
  expect(request.headers).toMatchObject({
    ...{ 'content-type': 'text/xml; charset=utf-8', 'user-agent': 'mine/1.0', 'x-empty': '' },
    'content-length': String(Buffer.byteLength(xml)),
  })
})

test.for([
  ['a status that the job does not take', { success: ['204'] }, { status: 200 }, 'failed'],
  ['a status that it takes', { success: ['2xx', '404'] }, { status: 404 }, 'succeeded'],
  ['an answer within its own time', { timeoutSeconds: 5 }, { afterMs: 800 }, 'succeeded'],
  ['an answer after its own time', { timeoutSeconds: 1 }, { afterMs: 3_000 }, 'failed'],
] as const)('%s: %j', async ([, delivery, answer, state], { databaseUrl, pool }) => {
  const given: StoredDelivery = 'success' in delivery ? { success: [...delivery.success] } : delivery
  expect((await sent(databaseUrl, given, answer)).state).toBe(state)
  expect(await attempts(pool)).toHaveLength(1)
})
