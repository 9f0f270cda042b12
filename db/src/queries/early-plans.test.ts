import { expect } from 'vitest'
import { job } from '../../test/factories.ts'
import { outcomeOf, test, worker } from '../../test/queue.ts'
import { oneSteady, readsOf } from '../../test/reads.ts'
import type { Db, Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { jobs } from '../schema/index.ts'
import { beginHeld } from './claim.ts'
import { dispatchDue } from './dispatch-due.ts'
import { createTurns } from './in-turn.ts'
import { lookAhead } from './look-ahead.ts'
import { releaseParked } from './release-parked.ts'
import { settle } from './settle.ts'

/** A worker's statements keep the plans of its first ones, which may be of empty tables. */

/** Three jobs are due: one is sent at once, one is held before it begins, and one is parked first. All are carried out. */
async function carryOutThree(pool: Pool, boss: Boss): Promise<void> {
  const { parts, workerId, claim } = worker(pool, boss)
  await lookAhead(pool)
  const due = await dispatchDue(pool, boss, { limit: 250, graceSeconds: 900, most: () => 2 })
  expect(due).toMatchObject({ items: 2, busy: [destination] })
  let first = true
  const { claims, held } = await claim(() => {
    const decision = first ? 'send' : 'hold'
    first = false
    return decision
  }, 2)
  expect([claims.length, held.length]).toEqual([1, 1])
  const begun = await beginHeld(parts, held)
  const parked = { destination, reason: 'destination_busy', ramp: { perSecond: 20 } } as const
  expect(await releaseParked(pool, boss, { ...parked, limit: 1, turns })).toMatchObject({ count: 1 })
  const later = await claim(undefined, 1)
  const all = [...claims, ...begun, ...later.claims].map((it) => outcomeOf(it))
  expect(await settle(pool, boss, workerId, all)).toHaveProperty('size', 3)
}

const destination = 'http://early.test'
const turns = createTurns()

const dueJobs = (db: Db) =>
  db
    .insert(jobs)
    .values(Array.from({ length: 3 }, () => job({ destination, tags: ['early'], policies: { overlap: 'queue_all' } })))

test.for(['never analyzed', 'analyzed'])(
  'planned while all tables were empty and %s, an execution reads its own alone among thousands',
  async (how, { databaseUrl, db, pool, boss }) => {
    if (how === 'analyzed') await pool.query('analyze')
    const own = oneSteady(databaseUrl)
    for (let n = 0; n < 2; n += 1) {
      await dueJobs(db)
      await carryOutThree(own, boss)
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

    const reads = await readsOf(own, () => carryOutThree(own, boss))

    for (const table of ['jobs', 'executions', 'attempts', 'job', 'flow_limits'])
      expect(reads(table), table).toBeLessThan(100)
  },
)
