import { expect } from 'vitest'
import { test } from '../../test/queue.ts'
import { oneSteady, readsOf } from '../../test/reads.ts'
import type { Pool } from '../client.ts'
import { jobsWithOwn } from './bounded-jobs.ts'
import { pruneAllSurplus, pruneNewSurplus } from './prune-by-job.ts'

/** What looking for jobs that are over reads, by the counters of the server, whether the tables were analyzed or not. */

/** Vacuums the ledger until it has no dead row: whatever else looks at the tables keeps them for a moment. */
const vacuumed = (pool: Pool) =>
  expect
    .poll(async () => {
      await pool.query('vacuum executions')
      const { rows } = await pool.query<{ dead: number }>(
        `select sum(n_dead_tup)::int as dead from pg_stat_user_tables where relname like 'executions%'`,
      )
      return rows[0]?.dead
    })
    .toBe(0)

/** So many jobs, numbered by their `runs`; the first of them have a bound of their own, written long ago. */
const fillJobs = (pool: Pool, count: number, bounded: number, executions: number) =>
  pool.query(
    `insert into jobs (id, type, status, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, runs,
       callback_url, destination, callback_host, timezone, schedule, policies, payload, retention)
     select ${idAgo('86400')}, 'interval', 'active', at, at, now(), now(), now() - interval '1 day', n, '', '', '', 'UTC', '{}', '{}', '{}',
       case when n <= $2 then jsonb_build_object('executions', $3::int) end
     from generate_series(1, $1) n, lateral (select now() + interval '1 day' as at)`,
    [count, bounded, executions],
  )

/** So many executions of each of the first jobs, one a second, the last of so many seconds ago, and made so long ago. */
const fillLedger = (pool: Pool, count: number, { jobs, last, made }: { jobs: number; last: number; made: number }) =>
  pool.query(
    `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, finished_at, destination)
     select ${idAgo('$4')}, jobs.id, 1, 'schedule', 'failed', at, at, at, at, ''
     from jobs, generate_series(1, $1) n, lateral (select now() - ($3 + n) * interval '1 second' as at) where runs <= $2`,
    [count, jobs, last, made],
  )

/** An id that was made so many seconds ago. */
const idAgo = (seconds: string) =>
  `(lpad(to_hex((extract(epoch from now() - ${seconds}::int * interval '1 second') * 1000)::bigint), 12, '0')
    || '7' || substr(md5(random()::text), 1, 19))::uuid`

test('to find ten jobs that are over, what is new is read, and nothing of the others', async ({
  databaseUrl,
  pool,
}) => {
  await fillJobs(pool, 6_000, 4_000, 10)
  await fillLedger(pool, 10, { jobs: 6_000, last: 1_000, made: 7_200 })
  await fillLedger(pool, 5, { jobs: 10, last: 120, made: 60 })
  const own = oneSteady(databaseUrl)

  const reads = await readsOf(own, async () => {
    expect(await pruneNewSurplus(own, null, null)).toMatchObject({ executions: 50 })
  })

  expect(reads('executions')).toBeLessThan(2_000)
  expect(reads('jobs')).toBeLessThan(200)
})

test('a thorough look reads of each job in its turn what it may keep at the most', async ({ databaseUrl, pool }) => {
  await fillJobs(pool, 2_400, 2_400, 10)
  await fillLedger(pool, 20, { jobs: 2_400, last: 1_000, made: 7_200 })
  await pool.query('update executions set dead_at = finished_at')
  const own = oneSteady(databaseUrl)
  const look = () => pruneAllSurplus(own, 15, 7)
  // About a hundred; which they are is in the ids.
  const turns = (await jobsWithOwn(pool, null, { hour: 7 }, null, 2_400)).jobs.length
  // Twenty of each are read to see that they are dead letters, and the newest ten before.
  expect((await readsOf(own, look))('executions')).toBeLessThan(turns * 100)

  await pool.query(
    'delete from executions where scheduled_for < (select max(scheduled_for) from executions) - $1::interval',
    ['9 seconds'],
  )
  await vacuumed(pool)

  expect((await readsOf(own, look))('executions')).toBeLessThan(turns * 25)
  await pool.query('analyze executions, jobs')
  expect((await readsOf(own, look))('executions')).toBeLessThan(turns * 25)
})

test('of a job of every second with a bound, a look reads what is new and what is kept, however much went before', async ({
  databaseUrl,
  pool,
}) => {
  await fillJobs(pool, 1, 1, 100)
  await fillLedger(pool, 30_000, { jobs: 1, last: 1_000, made: 60 })
  // Dead letters stay, and are not to be passed again with each look.
  await pool.query(`update executions set dead_at = finished_at where scheduled_for < now() - interval '10000 seconds'`)
  const own = oneSteady(databaseUrl)
  const first = await pruneNewSurplus(own, null, null)
  expect(first.executions).toBeGreaterThan(8_000)
  // Where a partition has ended since, its entries of what is gone lie before the newest that is left there.
  await vacuumed(pool)
  await fillLedger(pool, 60, { jobs: 1, last: 120, made: 0 })

  const reads = await readsOf(own, async () => {
    expect(await pruneNewSurplus(own, null, new Date(Date.now() + 25_000))).toMatchObject({ executions: 60 })
  })

  expect(reads('executions')).toBeLessThan(2_500)
})

test('a job that may keep many is looked at with some of its new executions only, by the dice in their ids', async ({
  databaseUrl,
  pool,
}) => {
  await fillJobs(pool, 1, 1, 10_000)
  await fillLedger(pool, 10_001, { jobs: 1, last: 1_000, made: 7_200 })
  const own = oneSteady(databaseUrl)
  const add = (die: string) =>
    pool.query(
      `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, finished_at, destination)
       select overlay(${idAgo('1')}::text placing $1 from 33)::uuid, id, 1, 'schedule', 'failed', now(), now(), now(), now(), '' from jobs`,
      [die],
    )

  await add('ffff')
  const reads = await readsOf(own, async () => {
    expect(await pruneNewSurplus(own, null, null)).toMatchObject({ executions: 0 })
  })
  expect(reads('executions')).toBeLessThan(20)

  await add('0000')
  expect(await pruneNewSurplus(own, null, null)).toMatchObject({ executions: 3 })
})

test('many jobs that have a few over each are pruned in a few statements', async ({ databaseUrl, pool }) => {
  await fillJobs(pool, 600, 600, 10)
  await fillLedger(pool, 11, { jobs: 598, last: 1_000, made: 60 })
  await pool.query('update jobs set runs = -runs where runs > 598')
  await fillLedger(pool, 100, { jobs: -1, last: 1_000, made: 60 })
  const own = oneSteady(databaseUrl)
  let statements = 0
  const query = async (...args: [string, unknown[]]) => {
    statements += 1
    return await own.query(...args)
  }

  const { executions } = await pruneNewSurplus({ query } as unknown as Pool, null, null)

  expect(executions).toBe(598 + 2 * 90)
  expect(statements).toBeLessThan(15)
})
