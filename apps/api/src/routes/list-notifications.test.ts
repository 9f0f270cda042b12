import { createDb, type Db } from '@scheduler/db/client'
import { notifications } from '@scheduler/db/schema/index'
import { notification } from '@scheduler/db/test/events'
import { ago, ahead } from '@scheduler/db/test/factories'
import { expect } from 'vitest'
import { test } from '../../test/api.ts'

const job = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

/** Three of a job: one to come, one delivered, one given up; and one of a circuit, delivered to the instance. */
async function insert(db: Db) {
  const rows = [
    notification({ jobId: job, nextAttemptAt: ahead(30), attempt: 1, status: 503 }),
    notification({ jobId: job, type: 'job.paused', deliveredAt: ago(5), attempt: 1, status: 200 }),
    notification({ jobId: job, failedAt: ago(5), attempt: 9, error: 'ECONNREFUSED' }),
    notification({
      ...{ type: 'circuit.opened', toInstance: true, url: 'http://told.test/SECRET?token=SECRET' },
      ...{ deliveredAt: ago(5), attempt: 2, status: 204 },
    }),
  ]
  await db.insert(notifications).values(rows)
  return rows
}

test('what was told is listed, newest first, with what came of it; of a URL no more than its origin', async ({
  api,
  pool,
}) => {
  const rows = await insert(createDb(pool))

  const { status, body } = await api.call('GET', '/notifications')

  expect(status).toBe(200)
  expect(body.map((it: { notification_id: string }) => it.notification_id)).toEqual(rows.map(({ id }) => id).reverse())
  expect(body).toMatchObject([
    { type: 'circuit.opened', to: 'instance', job_id: null, state: 'delivered', destination: 'http://told.test' },
    { state: 'failed', attempt: 9, error: 'ECONNREFUSED', status: null, next_attempt_at: null },
    { type: 'job.paused', to: 'job', job_id: job, state: 'delivered', status: 200 },
    { state: 'pending', status: 503, delivered_at: null, failed_at: null },
  ])
  expect(body[3].next_attempt_at).toMatch(/\+00:00$/)
  expect(body[0].body).toMatchObject({ type: 'job.failing', data: {} })
  expect(JSON.stringify(body)).not.toContain('SECRET')
})

test.for([
  ['state=pending', [0]],
  ['state=delivered', [3, 1]],
  ['state=failed', [2]],
  [`job_id=${job}`, [2, 1, 0]],
  ['type=circuit.opened', [3]],
  [`job_id=${job}&state=delivered&type=job.paused`, [1]],
  ['job_id=0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c40', []],
] as const)('filter %s', async ([query, expected], { api, pool }) => {
  const rows = await insert(createDb(pool))
  const { body } = await api.call('GET', `/notifications?${query}`)
  expect(body.map((it: { notification_id: string }) => it.notification_id)).toEqual(expected.map((i) => rows[i]?.id))
})

test('pages lead from one to the next, with their filters, and times are shown in a zone', async ({ api, pool }) => {
  await insert(createDb(pool))
  const seen: string[] = []
  let path: string | undefined = `/notifications?limit=2&job_id=${job}&convert_to=Asia/Jakarta`
  while (path) {
    const { headers, body } = await api.call('GET', path)
    seen.push(...body.map((it: { created_at: string }) => it.created_at.slice(-6)))
    path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
  }
  expect(seen).toEqual(['+07:00', '+07:00', '+07:00'])
})

test.for([
  ['state=sent', 'state'],
  ['type=job.deleted', 'type'],
  ['job_id=7', 'job_id'],
  ['limit=0', 'limit'],
  ['cursor=am9iczox', 'cursor'],
] as const)('%s is refused by its name', async ([query, path], { api }) => {
  const { status, body } = await api.call('GET', `/notifications?${query}`)
  expect([status, body.errors[0].path]).toEqual([422, path])
})
