import { createDb } from '@scheduler/db/client'
import { attempts } from '@scheduler/db/schema/attempts'
import { executions } from '@scheduler/db/schema/executions'
import { ago, ahead, execution } from '@scheduler/db/test/factories'
import { expect } from 'vitest'
import { type Api, daily, test } from '../../test/api.ts'

/** An execution of a new job in UTC, with one attempt, as the API answers it. */
async function answered(api: Api, fields: Parameters<typeof execution>[0]) {
  const { job_id } = (await api.call('POST', '/jobs/interval', { ...daily, timezone: 'UTC' })).body
  const row = { ...execution({ jobId: job_id, ...fields }), attempt: 1 }
  const db = createDb(api.deps.pool)
  await db.insert(executions).values(row)
  const at = row.scheduledFor
  await db.insert(attempts).values({
    ...{ executionId: row.id, scheduledFor: at, attempt: 1, outcome: 'rejected', startedAt: at, finishedAt: at },
    ...{ jobVersion: 1, workerId: row.id, dnsMs: null, connectMs: 2, tlsMs: 3, firstByteMs: 4, totalMs: 9 },
  })
  const read = (await api.call('GET', `/executions/${row.id}`)).body
  expect((await api.call('GET', `/jobs/${job_id}/executions`)).body).toEqual([read])
  return read
}

test('an attempt says where its time went', async ({ api }) => {
  const { attempts: shown } = await answered(api, { state: 'failed' })
  expect(shown).toMatchObject([{ timings: { dns_ms: null, connect_ms: 2, tls_ms: 3, first_byte_ms: 4, total_ms: 9 } }])
})

test('an execution that failed for good is a dead letter, and says how often it failed', async ({ api }) => {
  const dead = await answered(api, { state: 'failed', failures: 4, deadAt: ago(1), flowKey: 'tenant-17' })
  expect(dead).toMatchObject({ dead_at: expect.any(String), failures: 4, flow_key: 'tenant-17', ack_deadline_at: null })
})

test('one that is redriven is none, and one that awaits its receiver says until when', async ({ api }) => {
  expect(await answered(api, { state: 'failed' })).toMatchObject({ dead_at: null, failures: 0, flow_key: null })
  const until = ahead(300)
  const { ack_deadline_at } = await answered(api, { state: 'running', ackDeadlineAt: until, scheduledFor: ago(5) })
  expect(Date.parse(ack_deadline_at)).toBe(until.getTime())
})
