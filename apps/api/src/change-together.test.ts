import type { Pool, PoolClient } from '@scheduler/db/client'
import { pino } from 'pino'
import { describe, expect } from 'vitest'
import { type Api, daily, startApi, test } from '../test/api.ts'
import { changeEach } from './batch-change.ts'
import { deleteJob } from './routes/delete-job.ts'

async function create(api: Api, count: number): Promise<string[]> {
  const body = Array.from({ length: count }, () => ({ type: 'interval', ...daily }))
  return (await api.call('POST', '/jobs/batch', body)).body.results.map((it: { job_id: string }) => it.job_id)
}
const deletedOf = async (pool: Pool): Promise<string[]> =>
  (await pool.query('select id from jobs where deleted_at is not null')).rows.map(({ id }) => id)

test('what fails for an error of ours is done one by one, and the log says why it takes so long', async ({
  api,
  pool,
}) => {
  const ids = await create(api, 12)
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  const cause = Object.assign(new Error('column "x" does not exist'), { code: '42703', detail: 'a payload' })
  const together = async () => {
    throw new Error('Failed query: …', { cause })
  }
  const { body } = await changeEach(deleteJob, { ids }, ['active'], { ...api.deps, log }, { together })
  expect(body).toEqual({ results: ids.map((job_id) => ({ status: 200, job_id })) })
  expect(await deletedOf(pool)).toHaveLength(12)
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, msg: 'jobs not changed together', err: { message: cause.message, code: '42703' } },
  ])
  expect(lines.join()).not.toContain('a payload')
})

test('what somebody holds is no error of ours: nothing is logged', async ({ api }) => {
  const ids = await create(api, 12)
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  const together = async () => {
    throw Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })
  }
  const { body } = await changeEach(deleteJob, { ids }, ['active'], { ...api.deps, log }, { together })
  expect(body).toEqual({ results: ids.map((job_id) => ({ status: 200, job_id })) })
  expect(lines).toEqual([])
})

describe('a commit that is done, and whose answer is lost', () => {
  /** The pool, of whose connections the first that commits loses the answer. */
  function losing(pool: Pool, message: string) {
    const seen = { connects: 0, lost: false }
    const connect = async () => {
      seen.connects += 1
      const client = await pool.connect()
      const query = async (statement: string, values?: unknown[]) => {
        const result = await client.query(statement, values)
        if (statement !== 'commit' || seen.lost) return result
        seen.lost = true
        throw new Error(message)
      }
      return new Proxy(client, {
        get(target, key) {
          const value = key === 'query' ? query : Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      }) as PoolClient
    }
    return {
      seen,
      pool: Object.create(pool, { connect: { value: connect }, query: { value: pool.query.bind(pool) } }) as Pool,
    }
  }

  test.for(['Connection terminated unexpectedly', 'Query read timeout'])(
    'is not tried again, nor is the rest: 503 in the place of each (%s)',
    async (message, { api, pool }) => {
      const ids = await create(api, 20)
      const lost = losing(pool, message)
      const broken = await startApi(lost.pool)
      const { body } = await broken.call('POST', '/jobs/batch/delete', ids)
      await broken.close()
      expect(body.results).toMatchObject(ids.map(() => ({ status: 503, type: '/problems/database-unavailable' })))
      expect(lost.seen.connects).toBe(1)
      expect(await deletedOf(pool)).toHaveLength(20)
    },
  )

  test('takes nothing from what others have done meanwhile', async ({ api, pool }) => {
    const ids = await create(api, 450)
    const lost = losing(pool, 'Connection terminated unexpectedly')
    const broken = await startApi(lost.pool)
    const { body } = await broken.call('POST', '/jobs/batch/delete', ids)
    await broken.close()
    const statuses: number[] = body.results.map((it: { status: number }) => it.status)
    // Two groups are under way at a time, and none is begun after.
    expect(statuses.filter((it) => it === 200)).toHaveLength(100)
    expect(statuses.filter((it) => it === 503)).toHaveLength(350)
    const done = body.results.flatMap((it: { job_id?: string }) => it.job_id ?? [])
    expect(await deletedOf(pool)).toEqual(expect.arrayContaining(done))
    expect(lost.seen.connects).toBe(2)
  })
})
