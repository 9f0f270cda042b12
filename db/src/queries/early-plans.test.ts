import { expect } from 'vitest'
import { ago, job } from '../../test/factories.ts'
import { outcomeOf, rejected, test, worker } from '../../test/queue.ts'
import { oneSteady, readsOf } from '../../test/reads.ts'
import type { Db, Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { jobs } from '../schema/index.ts'
import type { Claim } from './begin-attempts.ts'
import { beginHeld } from './claim.ts'
import { dispatchDue } from './dispatch-due.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { createTurns } from './in-turn.ts'
import { lookAhead } from './look-ahead.ts'
import { releaseParked } from './release-parked.ts'
import { settle } from './settle.ts'

/** A worker's statements keep the plans of its first ones, which may be of empty tables. */

/**
 * Jobs are due: one is sent at once, fails and is retried, one is held before it begins, one is parked as it is claimed, one is limited
 * meanwhile, and one is parked at once. All but the limited one are carried out.
 */
async function carryOut(pool: Pool, boss: Boss): Promise<void> {
  const { parts, workerId, claim } = worker(pool, boss)
  const settleAs = async (claims: Claim[], fields: Parameters<typeof outcomeOf>[1] = {}) => {
    const outcomes = claims.map((it) => outcomeOf(it, fields))
    expect(await settle(pool, boss, workerId, outcomes)).toHaveProperty('size', claims.length)
  }
  await lookAhead(pool)
  const due = await dispatchDue(pool, boss, { limit: 250, graceSeconds: 900, most: () => 4 })
  expect(due).toMatchObject({ items: 4, busy: [destination] })
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
    [3, 2, 1, 0, -1].map((n) =>
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

test.for(['never analyzed', 'analyzed'])(
  'planned while all tables were empty and %s, an execution reads its own alone among thousands',
  async (how, { databaseUrl, db, pool, boss }) => {
    if (how === 'analyzed') await pool.query('analyze')
    const own = oneSteady(databaseUrl)
    for (let n = 0; n < 2; n += 1) {
      await dueJobs(db)
      await carryOut(own, boss)
    }
    await pool.query(`
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
      insert into pgboss.job (name, data, state) select 'deliver', '{}', 'active' from generate_series(1, 3000)`)
    await dueJobs(db)

    const reads = await readsOf(own, () => carryOut(own, boss))

    for (const table of ['jobs', 'executions', 'attempts', 'job', 'flow_limits'])
      expect(reads(table), table).toBeLessThan(200)
  },
)
