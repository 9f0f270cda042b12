import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { explaining } from '../../test/explaining.ts'
import { ago, execution, job } from '../../test/factories.ts'
import { fillUnlucky, idOf } from '../../test/unlucky.ts'
import type { Pool } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
import { listBlackouts } from './list-blackouts.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import { type ExecutionFilters, type ExecutionPosition, listExecutions } from './list-executions.ts'
import { type JobFilters, listJobs } from './list-jobs.ts'
import { listNotifications } from './notifications.ts'
import type { Page, Paging } from './walk.ts'

type Row = { id: string }

/** Follows a list to its end. Returns the ids, and how many pages there were. */
async function follow<Position, Of extends Row>(
  list: (paging: Paging<Position>) => Promise<Page<Of>>,
  positionOf: (row: Of) => Position,
) {
  const ids: string[] = []
  let after: Position | null = null
  for (let pages = 1; ; pages += 1) {
    const page: Page<Of> = await list({ limit: 500, after })
    expect(page.rows.length).toBeLessThanOrEqual(500)
    ids.push(...page.rows.map(({ id }) => id))
    if (!page.last) return { ids, pages }
    after = positionOf(page.last)
  }
}

const followJobs = (pool: Pool, filters: JobFilters) =>
  follow(
    (paging: Paging) => listJobs(pool, filters, paging),
    ({ id }) => id,
  )

const followExecutions = (pool: Pool, filters: ExecutionFilters) =>
  follow(
    (paging: Paging<ExecutionPosition>) => listExecutions(pool, filters, paging) as Promise<Page<ExecutionPosition>>,
    (row) => row,
  )

const followDead = (pool: Pool, filters: { jobId?: string; tag?: string }) =>
  follow(
    (paging: Paging<{ deadAt: Date; id: string }>) => listDeadLetters(pool, filters, paging),
    ({ id, deadAt }) => ({ id, deadAt: deadAt ?? new Date(Number.NaN) }),
  )

/** Lists, the rows they are to give as SQL, and the pages that take no more. */
const cases: [string, (pool: Pool) => Promise<{ ids: string[]; pages: number }>, string, number][] = [
  ['all jobs', (pool) => followJobs(pool, {}), `jobs where deleted_at is null order by id desc`, 121],
  ['a rare type', (pool) => followJobs(pool, { type: 'rrule' }), `jobs where type = 'rrule'`, 7],
  [
    'completed jobs of a host, among deleted ones',
    (pool) => followJobs(pool, { status: 'completed', callbackHost: 'a.test' }),
    `jobs where status = 'completed' and deleted_at is null order by id desc`,
    33,
  ],
  [
    'a common tag',
    (pool) => followJobs(pool, { tag: 'old', status: 'completed' }),
    `jobs where status = 'completed' and 'old' = any(tags) and deleted_at is null order by id desc`,
    30,
  ],
  [
    'failed executions',
    (pool) => followExecutions(pool, { state: 'failed' }),
    `executions where state = 'failed' order by scheduled_for desc, id desc`,
    34,
  ],
  [
    'parked executions, more than a walk reads',
    (pool) => followExecutions(pool, { state: 'parked' }),
    `executions where state = 'parked' order by scheduled_for desc, id desc`,
    34,
  ],
  [
    'a job’s failed executions',
    (pool) => followExecutions(pool, { jobId: idOf(2), state: 'failed' }),
    `executions where state = 'failed' and job_id = '${idOf(2)}' order by scheduled_for desc, id desc`,
    13,
  ],
  ['a job’s only dead letter', (pool) => followDead(pool, { jobId: idOf(1) }), `executions where id = '${idOf(1)}'`, 1],
  ['a rare tag’s dead letter', (pool) => followDead(pool, { tag: 'rare' }), `executions where id = '${idOf(1)}'`, 2],
  [
    'pending notifications',
    (pool) => follow((paging: Paging) => listNotifications(pool, { state: 'pending' }, paging), idIn),
    `notifications where next_attempt_at is not null`,
    1,
  ],
  [
    'a rare tag’s blackouts',
    (pool) => follow((paging: Paging) => listBlackouts(pool, { tag: 'rare' }, paging), idIn),
    `blackouts where tag = 'rare'`,
    1,
  ],
]

function idIn({ id }: Row): string {
  return id
}

test('however short its pages are cut, a list that is followed to its end has given all that was asked for, once', {
  timeout: 120_000,
}, async ({ pool }) => {
  await fillUnlucky(pool, 100_000)
  await pool.query('analyze')
  for (const [name, list, wanted, most] of cases) {
    const { rows } = await pool.query<Row>(`select id from ${wanted}`)
    const { ids, pages } = await list(pool)
    expect(ids, name).toEqual(rows.map(({ id }) => id))
    expect(pages, name).toBeLessThanOrEqual(most)
  }
})

test('what is not finished is on the first page as long as it is few, in order and in pages', async ({ db, pool }) => {
  await pool.query(`
    insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at,
      destination)
    select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'succeeded', 1, now(), now(), now(), now(), 'http://a.test'
    from generate_series(1, 15000)`)
  const at = ago(9_999)
  const states = ['waiting', 'parked', 'waiting', 'waiting'] as const
  const rows = states.map((state, n) => execution({ id: idOf(n), state, scheduledFor: at, effectiveAt: at }))
  await db.insert(executions).values([...rows, execution({ id: idOf(9), state: 'waiting', scheduledFor: ago(99_999) })])
  const list = (after: ExecutionPosition | null) => listExecutions(pool, { state: 'waiting' }, { limit: 2, after })
  const first = await list(null)
  expect(first.rows.map(({ id }) => id)).toEqual([idOf(3), idOf(2)])
  const second = await list(first.last)
  expect(second.rows.map(({ id }) => id)).toEqual([idOf(0), idOf(9)])
  expect(second.last).toBeNull()
})

test('the jobs of a tag are in pages too', async ({ db, pool }) => {
  await db.insert(jobs).values([1, 2, 3].map((n) => job({ id: idOf(n), tags: ['t'] })))
  const first = await listJobs(pool, { tag: 't' }, { limit: 2, after: null })
  expect([first.rows.map(({ id }) => id), first.last?.id]).toEqual([[idOf(3), idOf(2)], idOf(2)])
  const second = await listJobs(pool, { tag: 't' }, { limit: 2, after: idOf(2) })
  expect([second.rows.map(({ id }) => id), second.last]).toEqual([[idOf(1)], null])
})

test('the 900th page of a thousand reads no more than the first', { timeout: 60_000 }, async ({
  databaseUrl,
  pool,
}) => {
  await fillUnlucky(pool, 90_000)
  await pool.query(
    'update jobs set deleted_at = null, status = $$completed$$, completed_at = now(), next_run_at = null, next_scheduled_for = null where deleted_at is not null',
  )
  const [job, ledger] = [60_000 - 900 * 60, 90_000 - 900 * 90]
  const { rows } = await pool.query<ExecutionPosition>(
    `select scheduled_for as "scheduledFor", id from executions where id = '${idOf(ledger)}'`,
  )
  const [position = null] = rows
  const deep: [string, number, (pool: Pool, isDeep: boolean) => Promise<unknown>][] = [
    ['jobs', 60, (of, isDeep) => listJobs(of, {}, { limit: 60, after: isDeep ? idOf(job) : null })],
    [
      'a host',
      60,
      (of, isDeep) => listJobs(of, { callbackHost: 'a.test' }, { limit: 60, after: isDeep ? idOf(job) : null }),
    ],
    ['executions', 90, (of, isDeep) => listExecutions(of, {}, { limit: 90, after: isDeep ? position : null })],
    [
      'a job’s',
      30,
      (of, isDeep) => listExecutions(of, { jobId: idOf(2) }, { limit: 30, after: isDeep ? position : null }),
    ],
  ]
  for (const [name, limit, run] of deep) {
    for (const isDeep of [false, true]) {
      const explained = explaining(databaseUrl, { analyze: true })
      await run(explained.pool, isDeep).finally(() => explained.end())
      expect(explained.reads.rows, `${name}, deep: ${isDeep}`).toBeLessThanOrEqual(limit + 20)
    }
  }
})
