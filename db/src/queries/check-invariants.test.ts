import { expect, onTestFinished } from 'vitest'
import { explaining } from '../../test/explaining.ts'
import { ahead, job } from '../../test/factories.ts'
import { analyzeLedger } from '../../test/partitions.ts'
import { begin, queueUp, test } from '../../test/queue.ts'
import { keysOf, violations } from '../../test/violations.ts'
import { createDb, type Pool } from '../client.ts'
import { jobs } from '../schema/index.ts'
import { checkInvariants } from './check-invariants.ts'
import { cheapInvariants, invariants } from './invariants/all.ts'
import type { Invariant } from './invariants/invariant.ts'

const given = { keys: keysOf('k1'), deadLetterDays: 90 }
const named = (name: string) => invariants.filter((it) => it.name === name)

test.for(Object.entries(violations))('%s: a violation is found and told', async ([name, violate], { pool, boss }) => {
  const [before] = await checkInvariants(pool, named(name), given)
  expect(before).toMatchObject({ status: 'ok', findings: [] })

  const { says } = await violate(pool, boss)

  const [found] = await checkInvariants(pool, named(name), given)
  expect(found).toMatchObject({
    status: named(name)[0]?.level,
    findings: [{ what: expect.stringMatching(says) }],
    more: false,
  })
  expect(JSON.stringify(found)).not.toContain('canary')
})

test('there is one name for each, a sentence that ends, and something to do', () => {
  expect(new Set(invariants.map(({ name }) => name)).size).toBe(invariants.length)
  for (const { name, holds, next } of invariants) {
    expect([holds, next], name).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/.{20}/)])
  }
})

test('no worker: that is said of an empty database', async ({ pool }) => {
  expect(await checkInvariants(pool, named('workers beat'), given)).toMatchObject([
    { status: 'fail', findings: [{ what: 'no worker has beaten within 15 seconds' }] },
  ])
})

test('of many findings some are told, and that there are more', async ({ pool, boss }) => {
  await queueUp(pool, boss, {}, 30)
  await pool.query('delete from pgboss.job')
  const [checked] = await checkInvariants(pool, named('unfinished on its way'), given)
  expect([checked?.findings.length, checked?.more]).toEqual([20, true])
})

test('one that cannot be checked is not known, and keeps no other from being checked', async ({ pool }) => {
  const broken = (text: string, cost: Invariant['cost'] = 'little'): Invariant => ({
    ...(named('jobs dispatched')[0] as Invariant),
    cost,
    find: async (client) => (await client.query(text)).rows,
  })
  const all = [broken('select from nowhere'), broken('select pg_sleep(3)'), ...named('jobs dispatched')]
  const told: string[] = []
  await checkInvariants(pool, all, given, ({ status }) => told.push(status))
  expect(told).toEqual(['unknown', 'unknown', 'ok'])
})

test('it waits for no row that others have locked, and writes nothing', async ({ pool, boss }) => {
  await queueUp(pool, boss, {}, 3)
  const other = await begin(pool)
  await other.query('select from executions for update')
  await other.query('select from pgboss.job for update')
  await other.query('select from jobs for update')
  const checked = await checkInvariants(pool, cheapInvariants, given)
  expect(checked.filter(({ status }) => status === 'unknown')).toEqual([])
  const writing: Invariant = {
    ...(named('jobs dispatched')[0] as Invariant),
    find: async (client) => (await client.query('delete from jobs returning id as of')).rows,
  }
  await expect(checkInvariants(pool, [writing], given)).rejects.toMatchObject({ code: '25006' })
})

/** A ledger of some size: twenty thousand parked, five thousand in the queue, as many attempts; and a thousand jobs. */
async function fill(pool: Pool) {
  await pool.query(`
    insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at, next_attempt_at,
      destination, item_id)
    select gen_random_uuid(), gen_random_uuid(), 1, 'schedule',
      case when n <= 20000 then 'parked' else 'queued' end::execution_state,
      case when n <= 20000 then 'circuit_open' end::execution_reason, at, at, at, case when n <= 20000 then at end,
      'http://receiver.test', gen_random_uuid()
    from generate_series(1, 25000) n, lateral (select now() - n * interval '1 second' as at);
    insert into pgboss.job (id, name, data) select item_id, 'deliver', jsonb_build_object('e', id) from executions where state = 'queued';
    insert into attempts (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
    select id, scheduled_for, 1, 'abandoned', scheduled_for, scheduled_for, 1, id from executions where state = 'queued'`)
  await pool.query(
    `insert into destinations (destination, state, opened_at, updated_at) values ('http://receiver.test', 'open', now(), now())`,
  )
  await createDb(pool)
    .insert(jobs)
    .values(Array.from({ length: 1_000 }, () => job({ nextRunAt: ahead(3_600) })))
  await analyzeLedger(pool)
  await pool.query('analyze jobs; analyze pgboss.job_common')
}

const OURS = /^(jobs|executions|attempts|events|notifications|job\w*): (Seq|filtered)/

test('those that cost little read next to nothing, however much there is', async ({ pool, databaseUrl }) => {
  await fill(pool)
  const explained = explaining(databaseUrl, { analyze: true, steadyPlans: true })
  onTestFinished(() => explained.end())
  await checkInvariants(explained.pool, cheapInvariants, given)
  // The catalogue, once or twice; none of the thousands of rows.
  expect(explained.reads.rows).toBeLessThan(4_000)
  expect(explained.scans.filter((it) => OURS.test(it))).toEqual([])
})

test('the others read what is unfinished and the latest of the rest, by an index', async ({ pool, databaseUrl }) => {
  await fill(pool)
  const explained = explaining(databaseUrl, { steadyPlans: true })
  onTestFinished(() => explained.end())
  const costly = invariants.filter(({ cost }) => cost === 'much')
  const checked = await checkInvariants(explained.pool, costly, given)
  expect(checked.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(explained.scans.filter((it) => OURS.test(it))).toEqual([])
})
