import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { outcomeOf, rejected, test, worker } from '../../test/queue.ts'
import { oneSteady, readsOf } from '../../test/reads.ts'
import type { Db, Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { transaction } from '../transaction.ts'
import type { Claim } from './begin-attempts.ts'
import { beginHeld } from './claim.ts'
import { dispatchDue } from './dispatch-due.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { createTurns } from './in-turn.ts'
import { lockExecutions } from './lock-executions.ts'
import { lookAhead } from './look-ahead.ts'
import { makePartitions } from './make-partitions.ts'
import { parkAll } from './park-all.ts'
import { releaseParked } from './release-parked.ts'
import { settle } from './settle.ts'

/** A worker's statements keep the plans of its first ones, which may be of empty tables. */

/**
 * Jobs are due: one begins as it is dispatched, one is sent at once, fails and is retried, one is held before it begins, one is parked as it is claimed, one is limited
 * meanwhile, and one is parked at once. All but the limited one are carried out.
 */
async function carryOut(pool: Pool, boss: Boss): Promise<void> {
  const { parts, workerId, claim } = worker(pool, boss)
  const settleAs = async (claims: Claim[], fields: Parameters<typeof outcomeOf>[1] = {}) => {
    const outcomes = claims.map((it) => outcomeOf(it, fields))
    expect(await settle(pool, boss, workerId, outcomes)).toHaveProperty('size', claims.length)
  }
  await lookAhead(pool)
  let places = 1
  const begin = { workerId, take: () => places-- > 0 }
  const due = await dispatchDue(pool, boss, { limit: 250, graceSeconds: 900, most: () => 5, begin })
  expect(due).toMatchObject({ items: 4, claims: [{ destination }], busy: [destination] })
  await settleAs(due.claims)
  await pool.query(
    `insert into flow_limits (kind, flow, paused, created_at, updated_at) values ('key', 'early', true, now(), now())`,
  )
  const decisions = ['send', 'hold', { reason: 'destination_busy', at: new Date() }] as const
  let n = 0
  const { claims, held } = await claim(() => decisions[n++] ?? 'hold', 4)
  await pool.query(`delete from flow_limits where flow = 'early'`)
  expect([claims.length, held.length]).toEqual([1, 1])
  await settleAs(claims, { ...rejected, state: 'waiting', reason: 'rejected', nextAttemptAt: ago(1), failures: 1 })
  const begun = await beginHeld(parts, held)
  const parked = { destination, reason: 'destination_busy', ramp: { perSecond: 20 } } as const
  expect(await releaseParked(pool, boss, { ...parked, limit: 2, turns })).toMatchObject({ count: 2 })
  expect(await dispatchHeld(pool, boss, { limit: 9 })).toHaveProperty('ids.length', 1)
  const later = await claim(undefined, 3)
  expect(later.claims).toHaveLength(3)
  await settleAs([...begun, ...later.claims])
}

const destination = 'http://early.test'
const turns = createTurns()

const dueJobs = (db: Db) =>
  db.insert(jobs).values(
    [4, 3, 2, 1, 0, -1].map((n) =>
      job({
        ...{
          destination,
          tags: ['early'],
          policies: { overlap: 'queue_all' },
          nextRunAt: ago(5 + n),
          flowKey: n === 0 ? 'early' : null,
        },
      }),
    ),
  )

/** Thousands that are none of its business. */
const fillAll = (pool: Pool) =>
  pool.query(`
    insert into jobs (id, type, status, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
      destination, callback_host, timezone, schedule, policies, payload)
    select gen_random_uuid(), 'interval', 'active', due, due, now(), now(), now(), '', '', '', 'UTC', '{}', '{}', '{}'
    from generate_series(1, 3000), lateral (select now() + interval '1 day' as due) as d;
    insert into executions (id, job_id, job_version, kind, state, reason, attempt, scheduled_for, effective_at, created_at, destination,
      next_attempt_at)
    select gen_random_uuid(), id, 1, kind, state::execution_state, case state when 'parked' then 'circuit_open'::execution_reason end,
      1, now(), now(), now(), '', case state when 'parked' then now() end
    from jobs, (values ('schedule'::execution_kind, 'running'), ('manual', 'parked')) as k(kind, state) where destination = '';
    insert into flow_limits (kind, flow, paused, created_at, updated_at)
    select kind, n, true, now(), now() from generate_series(1, 3000) n, (values ('key'), ('destination')) as k(kind);
    insert into destinations (destination, state, updated_at) select 'http://' || n, 'closed', now() from generate_series(1, 3000) n;
    insert into pgboss.job (name, data, state) select 'deliver', '{}', 'active' from generate_series(1, 3000)`)

/** Before PostgreSQL 18 a worker can't take statistics of empty partitions back. */
const states = ['never analyzed', 'analyzed while empty', 'analyzed with one job', 'with three', 'with ten'] as const

test.for(states)(
  'planned when all tables were small, %s, an execution reads its own alone among thousands',
  async (state, { databaseUrl, db, pool, boss }) => {
    const few = { 'analyzed with one job': 1, 'with three': 3, 'with ten': 10 }[state as string] ?? 0
    for (let n = 0; n < few; n += 1) {
      await db.insert(jobs).values(job({ nextRunAt: ahead(3_600) }))
      await db.insert(executions).values(execution({ state: 'skipped', reason: 'paused', finishedAt: ago(9) }))
    }
    if (state !== 'never analyzed') await pool.query('vacuum analyze')
    await makePartitions(pool, 30)
    const own = oneSteady(databaseUrl)
    for (let n = 0; n < 2; n += 1) {
      await dueJobs(db)
      await carryOut(own, boss)
    }
    await fillAll(pool)
    await dueJobs(db)

    const reads = await readsOf(own, () => carryOut(own, boss))

    for (const table of ['jobs', 'executions', 'attempts', 'job', 'flow_limits', 'destinations']) {
      expect(reads(table), table).toBeGreaterThan(['attempts', 'destinations'].includes(table) ? -1 : 0)
      expect(reads(table), table).toBeLessThan(200)
    }
  },
)

test('a partition that was analyzed while it was empty is found by its keys, once the worker has had its hourly look', async ({
  databaseUrl,
  pool,
}) => {
  const { rows } = await pool.query<{ at: Date }>(`select date_trunc('day', now()) + interval '1 day 1 hour' as at`)
  const tomorrow = rows[0]?.at ?? ago(0)
  const fill = (from: Date, count: number) =>
    pool.query(
      `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, destination, item_id)
       select gen_random_uuid(), gen_random_uuid(), 1, 'manual', 'queued', at, at, now(), '', gen_random_uuid()
       from generate_series(1, $2) n, lateral (select $1::timestamptz + n * interval '1 ms' as at) as t`,
      [from, count],
    )
  const found = async (from: Date) => {
    const { rows: some } = await pool.query(
      'select id, scheduled_for, item_id from executions where scheduled_for > $1 order by scheduled_for limit 20',
      [from],
    )
    const items = some.map((it) => ({
      id: it.item_id,
      data: { e: it.id, s: it.scheduled_for.getTime() },
      retryCount: 0,
    }))
    return await transaction(own, async (client) => {
      const locked = await lockExecutions(client, items)
      await parkAll(
        client,
        locked.found.map((it) => ({ ...it, reason: 'circuit_open', at: ago(0) })),
      )
      return locked.found.length
    })
  }
  await fill(ago(3_600), 1_000)
  await pool.query('vacuum analyze executions')
  await makePartitions(pool, 30)
  const own = oneSteady(databaseUrl)
  expect(await found(ago(3_600))).toBe(20)
  await fill(tomorrow, 5_000)

  const reads = await readsOf(own, async () => expect(await found(tomorrow)).toBe(20))

  expect(reads('executions')).toBeLessThan(200)
})
