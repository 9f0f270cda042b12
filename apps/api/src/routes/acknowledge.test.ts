import { randomBytes } from 'node:crypto'
import { type ReceiverAction, receiverActions, receiverKeys, receiverUrl } from '@scheduler/core/receiver-url'
import { readKeys } from '@scheduler/core/seal'
import type { Pool } from '@scheduler/db/client'
import { awaiting } from '@scheduler/db/test/awaiting'
import { ago } from '@scheduler/db/test/factories'
import { describe, expect, onTestFinished } from 'vitest'
import { test as base, startApi } from '../../test/api.ts'
import { routes } from './index.ts'

const entry = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`
const old = entry('k1')
const keys = receiverKeys(readKeys([entry('k2'), old]))
const API_KEY = 'the-only-key'

/** An API that asks for a key, and an execution whose receiver answered 202; `path` is what it was handed. */
const test = base.extend('start', ({ pool, boss }) => async (deadline?: Date) => {
  const api = await startApi(pool, { boss: () => boss, apiKeys: [API_KEY], receiverKeys: keys })
  onTestFinished(() => api.close())
  const { claim, job } = await awaiting(pool, boss, {}, deadline)
  const path = (action: ReceiverAction, fields: { executionId?: string; attempt?: number; key?: Buffer } = {}) => {
    const { executionId = claim.executionId, attempt = claim.attempt, key = keys[0] as Buffer } = fields
    return receiverUrl('', key, { action, executionId, attempt })
  }
  /** The execution, as who has the key reads it. */
  const read = async () => {
    const headers = { authorization: `Bearer ${API_KEY}` }
    return (await api.call('GET', `/executions/${claim.executionId}`, undefined, headers)).body
  }
  return { api, id: claim.executionId, job, path, read }
})

const codeOf = ({ body }: { body: { type?: string } }) => body.type?.split('/').at(-1)
const state = async (pool: Pool) => (await pool.query('select state::text from executions')).rows[0]?.state

test('what the callback brought needs no key: it is acknowledged, once, however often it is said', async ({
  start,
}) => {
  const { api, id, path, read } = await start()
  const told = { execution_id: id, state: 'succeeded', attempt: 1, ack_deadline_at: null }
  const first = await api.call('POST', path('ack'))
  expect([first.status, first.body]).toEqual([200, told])
  const after = await read()
  expect(after).toMatchObject({ state: 'succeeded', reason: null, finished_at: expect.any(String) })
  expect(after.attempts).toMatchObject([{ attempt: 1, outcome: 'succeeded', status: 202 }])
  const again = await api.call('POST', path('ack'))
  expect([again.status, again.body]).toEqual([200, told])
  expect(await read()).toEqual(after)
})

test('who has the URLs only learns how the execution stands: no job, no attempts, nothing that was answered', async ({
  start,
}) => {
  const { api, id, job, path, read } = await start()
  const fields = ['ack_deadline_at', 'attempt', 'execution_id', 'state']
  const kept = JSON.stringify(await read())
  for (const secret of [job.id, 'thanks']) expect(kept).toContain(secret)
  for (const action of ['heartbeat', 'heartbeat', 'nack', 'nack'] as const) {
    const { body } = await api.call('POST', path(action), action === 'nack' ? { reason: 'no paper' } : undefined)
    expect(Object.keys(body).sort()).toEqual(fields)
    expect(body).toMatchObject({ execution_id: id, attempt: 1, state: action === 'nack' ? 'waiting' : 'running' })
  }
  const refused = await api.call('POST', path('ack'))
  expect(refused.status).toBe(410)
  expect(JSON.stringify(refused.body)).not.toMatch(`${job.id}|no paper|thanks`)
})

test('a heartbeat says until when there is time', async ({ start }) => {
  const { api, path, read } = await start(new Date(Date.now() + 5_000))
  const { status, body } = await api.call('POST', path('heartbeat'))
  expect([status, body.state]).toEqual([200, 'running'])
  expect(Math.abs(Date.parse(body.ack_deadline_at) - Date.now() - 300_000)).toBeLessThan(3_000)
  const after = await read()
  expect(after).toMatchObject({ reason: 'awaiting_ack', attempts: [{ outcome: 'accepted' }] })
  expect(Date.parse(after.ack_deadline_at)).toBe(Date.parse(body.ack_deadline_at))
})

describe('a refusal', () => {
  test('without a body lets the job retry', async ({ start }) => {
    const { api, path, read } = await start()
    const { status, body } = await api.call('POST', path('nack'))
    expect([status, body.state]).toEqual([200, 'waiting'])
    const after = await read()
    expect(after).toMatchObject({ state: 'waiting', reason: 'rejected' })
    expect(after.attempts).toMatchObject([{ outcome: 'rejected', error: 'nack', status: 202 }])
  })

  test('may ask for time, and say why', async ({ start }) => {
    const { api, path, read } = await start()
    const reason = `no paper\0😀${'x'.repeat(2_000)}`
    await api.call('POST', path('nack'), { retry_after_seconds: 600, reason: reason.slice(9) })
    const body = await read()
    expect(Math.abs(Date.parse(body.next_attempt_at) - Date.now() - 600_000)).toBeLessThan(3_000)
    expect(body.attempts[0].response_head).toBe(`😀${'x'.repeat(998)}`)
  })

  test('may be for good', async ({ start, pool }) => {
    const { api, path, read } = await start()
    const { body } = await api.call('POST', path('nack'), { retry: false })
    expect(body.state).toBe('failed')
    expect((await read()).next_attempt_at).toBeNull()
    expect((await pool.query('select from executions where dead_at = finished_at')).rowCount).toBe(1)
  })

  test.for<[unknown, number, string]>([
    [{ retry: 'no' }, 422, 'retry'],
    [{ retry_after_seconds: -1 }, 422, 'retry_after_seconds'],
    [{ retry_after_seconds: 86_401 }, 422, 'retry_after_seconds'],
    [{ retry_after_seconds: '5' }, 422, 'retry_after_seconds'],
    [{ reason: 5 }, 422, 'reason'],
    [{ reason: 'x', other: 1 }, 422, 'other'],
    [[], 422, ''],
    ['{"retry":', 400, ''],
    [{ reason: 'x'.repeat(64 * 1024) }, 413, ''],
  ])('of %j is refused, and changes nothing', async ([sent, status, field], { start, pool }) => {
    const { api, path } = await start()
    const answer = await api.call('POST', path('nack'), sent)
    expect(answer.status).toBe(status)
    if (status === 422) expect(answer.body.errors.map((it: { path: string }) => it.path)).toContain(field)
    expect(await state(pool)).toBe('running')
  })
})

describe('401 invalid-signature, and nothing is changed or told', () => {
  const cases: [string, (it: { path: (action: ReceiverAction, fields?: object) => string; id: string }) => string][] = [
    ['for another action', ({ path }) => path('heartbeat').replace('/heartbeat', '/ack')],
    ['for a nack', ({ path }) => path('nack').replace('/nack', '/ack')],
    ['for another attempt', ({ path }) => path('ack').replace('attempt=1', 'attempt=2')],
    [
      'for another execution',
      ({ path, id }) =>
        path('ack', { executionId: id.replace(/.$/, (last) => (last === 'f' ? '0' : 'f')) }).replace(
          /s\/[^/]+/,
          `s/${id}`,
        ),
    ],
    ['of another key', ({ path }) => path('ack', { key: randomBytes(32) })],
    ['with a character changed', ({ path }) => path('ack').replace(/(signature=)./, '$1~')],
    ['cut short', ({ path }) => path('ack').slice(0, -4)],
    ['of an execution that is not there', ({ path, id }) => path('ack').replace(id, crypto.randomUUID())],
  ]
  test.for(cases)('%s', async ([, forged], { start, pool }) => {
    const it = await start()
    const answer = await it.api.call('POST', forged(it))
    expect([answer.status, codeOf(answer)]).toEqual([401, 'invalid-signature'])
    expect(await state(pool)).toBe('running')
    expect(JSON.stringify(answer.body)).not.toContain('signature=')
  })

  test('a key that only the API has taken over verifies what it signed before; without keys nothing does', async ({
    start,
    pool,
  }) => {
    const { path, id } = await start()
    const none = await startApi(pool)
    onTestFinished(() => none.close())
    expect(codeOf(await none.call('POST', path('ack')))).toBe('invalid-signature')
    const later = await startApi(pool, { receiverKeys: receiverKeys(readKeys([entry('k3'), old])) })
    onTestFinished(() => later.close())
    expect(codeOf(await later.call('POST', path('ack')))).toBe('invalid-signature')
    const [, key] = keys as [Buffer, Buffer]
    const { status, body } = await later.call('POST', path('ack', { key }))
    expect([status, body.execution_id]).toEqual([200, id])
  })
})

test('404, 409, 410, 405 and 422', async ({ start, pool }) => {
  const { api, path, id } = await start(ago(0.01))
  const gone = await api.call('POST', path('ack', { executionId: crypto.randomUUID() }))
  expect([gone.status, codeOf(gone)]).toEqual([404, 'execution-not-found'])
  expect((await api.call('POST', '/executions/none/ack?attempt=1&signature=x')).status).toBe(404)
  for (const action of receiverActions) {
    const expired = await api.call('POST', path(action))
    expect([expired.status, codeOf(expired)]).toEqual([410, 'acknowledgement-expired'])
    const older = await api.call('POST', path(action, { attempt: 7 }))
    expect([older.status, codeOf(older)]).toEqual([409, 'older-attempt'])
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const refused = await api.call(method, path(action))
      expect([method, refused.status, refused.headers.get('allow')]).toEqual([method, 405, 'POST'])
    }
    for (const [query, field] of [
      ['signature=x', 'attempt'],
      ['attempt=1', 'signature'],
      ['attempt=0&signature=x', 'attempt'],
      ['attempt=1.5&signature=x', 'attempt'],
      ['attempt=9999999999&signature=x', 'attempt'],
      ['attempt=1&signature=x&more=1', 'more'],
      ['attempt=1&attempt=2&signature=x', 'attempt'],
    ] as const) {
      const bad = await api.call('POST', `/executions/${id}/${action}?${query}`)
      expect([query, bad.status, bad.body.errors?.[0].path]).toEqual([query, 422, field])
    }
  }
  expect(await state(pool)).toBe('running')
})

test('exactly the signed routes are open, as they are handed out; what only looks like one asks for a key', async ({
  start,
}) => {
  const { api, id } = await start()
  const open: string[] = []
  for (const route of routes) {
    const answer = await api.call(route.method.toUpperCase(), route.path.replace('{id}', id))
    if (codeOf(answer) !== 'unauthorized') open.push(route.path)
  }
  const signed = routes.filter((it) => it.signed).map((it) => it.path)
  expect(signed).toHaveLength(3)
  expect(open.filter((it) => !it.startsWith('/health'))).toEqual(signed)
  for (const near of [
    `/executions/${id}`,
    `/executions/${id}/ack/more`,
    `/executions/${id}/explain`,
    `/jobs/${id}/ack`,
    `/x/executions/${id}/ack`,
    `/executions/a/b/ack`,
    `/executions/ack`,
    `/executions/${id}/acknowledge`,
    `/EXECUTIONS/${id}/ack`,
    `/executions/${id}/ack/`,
  ]) {
    const answer = await api.call('POST', near)
    expect([near, codeOf(answer)]).toEqual([near, 'unauthorized'])
  }
})

test('twenty requests at once are one acknowledgement', async ({ start, pool }) => {
  const { api, path } = await start()
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.call('POST', path('ack'))))
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.state}`))).toEqual(new Set(['200 succeeded']))
  expect((await pool.query('select from attempts')).rowCount).toBe(1)
})

test('explain says what is awaited, and what became of it', async ({ start }) => {
  const { api, id, path } = await start()
  const sentence = async () => {
    const { body } = await api.call('GET', `/executions/${id}/explain`, undefined, {
      authorization: `Bearer ${API_KEY}`,
    })
    return body.sentence
  }
  expect(await sentence()).toMatch(
    /^Its receiver answered 202 on attempt 1 and has until .+ to say how its work ended\.$/,
  )
  await api.call('POST', path('nack'), { retry: false })
  expect(await sentence()).toMatch(/^It failed: the receiver said of attempt 1 that its work failed; .*dead letter/)
})
