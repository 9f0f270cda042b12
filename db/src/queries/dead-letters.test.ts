import { expect } from 'vitest'
import { explaining } from '../../test/explaining.ts'
import { ago, execution, job } from '../../test/factories.ts'
import { analyzeLedger } from '../../test/partitions.ts'
import { test } from '../../test/queue.ts'
import { idOf } from '../../test/unlucky.ts'
import { createDb, createPool, type Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { executions } from '../schema/executions.ts'
import { jobs } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { chooseDead } from './choose-dead.ts'
import { putAway } from './dead-letters.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import type { DeadLetterFilters } from './meant-dead-letters.ts'
import { promote } from './promote.ts'
import { redrive } from './redrive.ts'
import { MOST_WALKED } from './walk.ts'

/** A ledger of a hundred thousand rows, every `nth` of them a dead letter of one of 5,000 jobs. */
async function fill(pool: Pool, nth: number): Promise<void> {
  await pool.query(`
    insert into jobs (id, type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
      destination, callback_host, timezone, schedule, policies, payload)
    select lpad(to_hex(n), 32, '0')::uuid, 'interval', now() + n * interval '1 hour', now() + n * interval '1 hour', now(),
      now(), now(), 'http://a.test/', 'http://a.test', 'a.test', 'UTC', '{}', '{}', '{}' from generate_series(1, 5000) as n;
    insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at,
      finished_at, dead_at, destination)
    select gen_random_uuid(), lpad(to_hex(1 + n % 5000), 32, '0')::uuid, 1, 'schedule',
      case when n % ${nth} = 0 then 'failed'::execution_state else 'succeeded' end, 1, at, at, at, at,
      case when n % ${nth} = 0 then at end, 'http://a.test'
    from generate_series(1, 100000) as n, lateral (select now() - n * interval '1 minute' as at);
    analyze jobs`)
  await analyzeLedger(pool)
}

const after = { deadAt: ago(86_400), id: 'ffffffff-ffff-7fff-bfff-ffffffffffff' }

const cases: [string, (pool: Pool, boss: Boss) => Promise<unknown>][] = [
  ['the first page', (pool) => listDeadLetters(pool, {}, { limit: 50, after: null })],
  ['a later page', (pool) => listDeadLetters(pool, {}, { limit: 50, after })],
  ['a stretch of time', (pool) => listDeadLetters(pool, { from: ago(600) }, { limit: 50, after: null })],
  ['a redrive', (pool, boss) => redrive(pool, boss, { limit: 100 })],
  ['putting some away', (pool) => putAway(pool, { to: ago(86_400) }, 100)],
]

test('in a ledger of a hundred thousand, dead letters are found by their index, and counted up to a limit', {
  timeout: 60_000,
}, async ({ databaseUrl, pool, boss }) => {
  await fill(pool, 8)
  for (const [name, run] of cases) {
    const explained = explaining(databaseUrl)
    await run(explained.pool, boss).finally(() => explained.end())
    expect(explained.scans, name).toContain('executions: executions_dead')
    expect(
      explained.scans.filter((it) => it === 'executions: Seq Scan'),
      name,
    ).toEqual([])
  }
  expect(await putAway(pool, {}, 1)).toEqual({ deleted: 1, left: { count: MOST_WALKED, isLowerBound: true } })
})

test('ten thousand are redriven in a few seconds, and those that wait hold up no leader', {
  timeout: 60_000,
}, async ({ databaseUrl, pool, boss }) => {
  await fill(pool, 5)
  const since = performance.now()
  expect(await redrive(pool, boss, { limit: 10_000 })).toEqual({
    ...{ executions: 10_000, left: { count: MOST_WALKED, isLowerBound: false }, refused: [] },
  })
  const ms = performance.now() - since
  const leader = createPool(databaseUrl, { max: 1, steadyPlans: true, queryMs: 2_000 })
  expect(await promote(leader, null).finally(() => leader.end())).toBe(0)
  console.log(`10,000 dead letters of 1,000 jobs redriven in ${Math.round(ms)} ms`)
  expect(ms).toBeLessThan(10_000)
})

test('of one job those that died first are chosen, by whatever else is asked, and the others are left', async ({
  pool,
}) => {
  const [mine, others] = [job(), job()]
  await createDb(pool).insert(jobs).values([mine, others])
  const dead = (n: number, fields: object = {}) => {
    const died = { finishedAt: ago(n), deadAt: ago(n), reason: 'rejected' as const }
    return execution({ jobId: mine.id as string, state: 'failed', scheduledFor: ago(1_000 - n), ...died, ...fields })
  }
  // Their ids are in another order.
  const [d, a, c, e, b] = [dead(200), dead(500), dead(300, { reason: 'timed_out' }), dead(100), dead(400)]
  const [from, to] = [ago(400), ago(100)]
  const noDead = [dead(600, { deadAt: null }), dead(700, { jobId: others.id })]
  await createDb(pool)
    .insert(executions)
    .values([...[d, b, e, a, c], ...noDead])
  const chosenOf = (filters: DeadLetterFilters, limit: number) =>
    transaction(pool, async (client) => {
      const { chosen, left } = await chooseDead(client, { filters: { jobId: mine.id, ...filters }, limit })
      return [chosen.map(({ id }) => id), left.count, left.isLowerBound]
    })
  const idsOf = (...rows: { id: string }[]) => rows.map(({ id }) => id)
  expect(await chosenOf({}, 2)).toEqual([idsOf(a, b), 3, false])
  expect(await chosenOf({}, 5)).toEqual([idsOf(a, b, c, d, e), 0, false])
  expect(await chosenOf({ reason: 'rejected' }, 3)).toEqual([idsOf(a, b, d), 1, false])
  expect(await chosenOf({ from, to }, 9)).toEqual([idsOf(b, c, d), 0, false])
  expect(await chosenOf({ destination: 'http://none.test' }, 9)).toEqual([[], 0, false])
  expect(await chosenOf({ jobId: idOf(1) }, 9)).toEqual([[], 0, false])
  expect(await putAway(pool, { jobId: mine.id }, 4)).toEqual({ deleted: 4, left: { count: 1, isLowerBound: false } })
})
