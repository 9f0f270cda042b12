import { createDb, type Pool } from '@scheduler/db/client'
import { executions } from '@scheduler/db/schema/executions'
import { jobs } from '@scheduler/db/schema/jobs'
import { awaiting } from '@scheduler/db/test/awaiting'
import { ago, execution, job as jobRow } from '@scheduler/db/test/factories'
import { expect, onTestFinished } from 'vitest'
import { type Api, startApi, test } from '../../test/api.ts'

const sentence = async (api: Api, id: string): Promise<string> =>
  (await api.call('GET', `/executions/${id}/explain`)).body.sentence

/** An execution of a job of its own. */
async function insert(pool: Pool, fields: Parameters<typeof execution>[0]) {
  const job = jobRow()
  const row = execution({ jobId: job.id as string, ...fields })
  await createDb(pool).insert(jobs).values(job)
  await createDb(pool).insert(executions).values(row)
  return { job: job.id as string, id: row.id as string, destination: row.destination }
}

const DEAD = { state: 'failed', reason: 'rejected', attempt: 4, failures: 4, firstAttemptAt: ago(60) } as const

async function failForGood(pool: Pool) {
  const made = await insert(pool, { ...DEAD, deadAt: ago(1) })
  await pool.query(
    `insert into attempts (execution_id, scheduled_for, attempt, outcome, status, started_at, finished_at, job_version, worker_id)
     select id, scheduled_for, 4, 'rejected', 500, scheduled_for, scheduled_for, 1, gen_random_uuid() from executions`,
  )
  return made
}

const LIMIT = 'after 4 failed attempts there is no further one (retry.limit: 3)'
const UNKNOWN = 'the retry policy of then allowed no further one'

test('a limit that holds an execution back is told, and that it is a pause', async ({ api, pool }) => {
  const { id, destination } = await insert(pool, { state: 'parked', reason: 'destination_limited', attempt: 0 })
  const path = `/destinations/${encodeURIComponent(destination)}`
  await api.call('PUT', path, { rate: { count: 1, per_seconds: 60 } })
  expect(await sentence(api, id)).toBe(
    `It is held back: ${destination} is limited to 1 in 1 minute (GET /destinations); it goes out as that allows.`,
  )
  await api.call('PUT', path, { paused: true })
  expect(await sentence(api, id)).toMatch(/ is paused \(GET \/destinations\); it goes out once that is lifted\.$/)
  await api.call('DELETE', path)
  expect(await sentence(api, id)).toMatch(/ had a limit that was lifted, and /)
})

test('of an execution that is limited twice both limits are told', async ({ api, pool }) => {
  const fields = { state: 'parked', reason: 'key_limited', flowKey: 'acme', attempt: 0 } as const
  const { id, destination } = await insert(pool, fields)
  await api.call('PUT', '/flow-keys/acme', { concurrency: 2 })
  await api.call('PUT', '/flow-keys/other', { paused: true })
  await api.call('PUT', `/destinations/${encodeURIComponent(destination)}`, { paused: true })
  expect(await sentence(api, id)).toBe(
    `It is held back: the flow key acme is limited to 2 in flight (GET /flow-keys), and ${destination} is paused (GET /destinations); it goes out once that is lifted.`,
  )
})

test('why there is no further attempt is known though its job was paused, resumed and deleted since', async ({
  api,
  pool,
}) => {
  const { id, job } = await failForGood(pool)
  expect(await sentence(api, id)).toContain(LIMIT)
  for (const verb of ['pause', 'resume', 'pause']) {
    expect((await api.call('POST', `/jobs/${job}/${verb}`)).status).toBe(200)
    expect(await sentence(api, id), verb).toContain(LIMIT)
  }
  expect((await api.call('DELETE', `/jobs/${job}`)).status).toBe(200)
  const last = await sentence(api, id)
  expect(last).toContain(LIMIT)
  expect(last).not.toContain('redriven')
})

test('of a job that was edited since, or whose versions are pruned, the policy of now is not taken for that of then', async ({
  api,
  pool,
}) => {
  const { id, job } = await failForGood(pool)
  await api.call('POST', `/jobs/${job}/pause`)
  await pool.query('delete from job_versions')
  expect(await sentence(api, id)).toContain(UNKNOWN)
  await pool.query('update attempts set job_version = 2')
  expect(await sentence(api, id)).toContain(LIMIT)
  await api.call('PATCH', `/jobs/${job}`, { retry: { limit: 1 } })
  await api.call('POST', `/jobs/${job}/resume`)
  expect(await sentence(api, id)).toContain(UNKNOWN)
})

test('of a dead letter that was put away it is told how it failed, and not that it can be redriven', async ({
  api,
  pool,
}) => {
  const { id } = await failForGood(pool)
  expect(await sentence(api, id)).toMatch(/; it is a dead letter, and can be redriven\.$/)
  await api.call('DELETE', `/dead-letters/${id}`)
  expect(await sentence(api, id)).toBe(`It failed: the receiver answered 500 on attempt 4; ${LIMIT}.`)
})

test('a success that was acknowledged is told as one, also where the word came at once', async ({ pool, boss }) => {
  const api = await startApi(pool, { publicUrl: 'http://127.0.0.1', receiverKeys: [Buffer.alloc(32)] })
  onTestFinished(() => api.close())
  const { claim, say } = await awaiting(pool, boss)
  expect(await sentence(api, claim.executionId)).toMatch(/^Its receiver answered 202 on attempt 1 and has until /)
  expect(await say('ack')).toBe('ok')
  expect(await sentence(api, claim.executionId)).toMatch(/ late and its receiver acknowledged attempt 1 at [\d:.]+ on /)
})
