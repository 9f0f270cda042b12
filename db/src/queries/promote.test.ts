import { asc } from 'drizzle-orm'
import { expect, onTestFinished } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { begin, outcomeOf, queueUp, test, untilBlocked, worker } from '../../test/queue.ts'
import { createPool, type Db } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
import { FAR } from './ledger-rows.ts'
import { promote } from './promote.ts'
import { settle } from './settle.ts'

const behind = (jobId: string, scheduledFor: Date, fields: object = {}) =>
  execution({
    ...{
      jobId,
      scheduledFor,
      state: 'waiting',
      reason: 'overlap_queued',
      attempt: 0,
      behind: true,
      nextAttemptAt: FAR,
    },
    ...fields,
  })

async function ledger(db: Db) {
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  return rows.map(({ state, behind }) => (behind ? 'behind' : state))
}

test('the oldest that waits is let go once nothing of its job is unfinished, and no other', async ({ db, pool }) => {
  const row = job()
  await db.insert(jobs).values(row)
  const id = row.id
  await db
    .insert(executions)
    .values([
      execution({ jobId: id, state: 'failed', scheduledFor: ago(40) }),
      behind(id, ago(20)),
      behind(id, ago(30)),
    ])

  expect(await promote(pool, [id])).toBe(1)
  expect(await promote(pool, [id])).toBe(0)

  expect(await ledger(db)).toEqual(['failed', 'waiting', 'behind'])
  const [, first] = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  expect(first).toMatchObject({ reason: null, behind: false })
  expect(first?.nextAttemptAt?.getTime()).toBeLessThanOrEqual(Date.now() + 1_000)
})

test('one that was finished by who knows of no order is left as it is', async ({ db, pool }) => {
  const row = job()
  await db.insert(jobs).values(row)
  await db.insert(executions).values({
    ...behind(row.id, ago(20)),
    ...{ state: 'cancelled', reason: 'deleted', nextAttemptAt: null, finishedAt: ago(1) },
  })

  expect(await promote(pool, [row.id])).toBe(0)
})

test('who asks for all passes over a job that somebody holds', async ({ db, pool }) => {
  const [held, free] = [job(), job()]
  await db.insert(jobs).values([held, free])
  await db.insert(executions).values([behind(held.id, ago(20)), behind(free.id, ago(20))])
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select from jobs where id = $1 for update', [held.id])

  expect(await promote(pool, null)).toBe(1)

  await client.query('rollback')
  client.release()
  expect(await promote(pool, null)).toBe(1)
})

test('one that is sent late on purpose goes no sooner than in its turn', async ({ db, pool }) => {
  const row = job()
  const turn = ahead(30)
  await db.insert(jobs).values(row)
  await db.insert(executions).values(behind(row.id, ago(20), { effectiveAt: turn }))

  expect(await promote(pool, null)).toBe(1)

  const [first] = await db.select().from(executions)
  expect(first?.nextAttemptAt).toEqual(turn)
})

test.for(['queued', 'running', 'waiting', 'parked'] as const)(
  'nothing goes while one is %s',
  async (state, { db, pool }) => {
    const row = job()
    await db.insert(jobs).values(row)
    await db
      .insert(executions)
      .values([execution({ jobId: row.id, state, scheduledFor: ago(40) }), behind(row.id, ago(20))])

    expect(await promote(pool, [row.id])).toBe(0)
    expect(await promote(pool, null)).toBe(0)
  },
)

test('callers that race let one go', async ({ db, pool }) => {
  const row = job()
  await db.insert(jobs).values(row)
  await db.insert(executions).values([behind(row.id, ago(20)), behind(row.id, ago(30)), behind(row.id, ago(40))])
  const blocker = await begin(pool)
  await blocker.query('select from jobs for update')

  const racing = [1, 2, 3].map(() => promote(pool, [row.id]))
  await untilBlocked(pool, 3)
  await blocker.query('commit')

  expect((await Promise.all(racing)).sort()).toEqual([0, 0, 1])
  expect(await ledger(db)).toEqual(['waiting', 'behind', 'behind'])
})

test('one that was made to wait while the one before it was being settled is let go by whoever comes later', async ({
  db,
  pool,
  boss,
}) => {
  const { id } = await queueUp(pool, boss)
  const first = worker(pool, boss)
  const [claimed] = (await first.claim()).claims
  if (!claimed) throw new Error('nothing was claimed')
  // A dispatcher that has not committed: it saw the first one running.
  const dispatcher = await begin(pool)
  await dispatcher.query('select from jobs where id = $1 for update', [id])
  const row = behind(id, ago(0))
  await dispatcher.query(
    `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
       next_attempt_at, behind, destination)
     values ($1, $2, 1, 'schedule', 'waiting', 'overlap_queued', $3, $3, $3, $4, true, 'http://receiver.test')`,
    [row.id, id, row.scheduledFor, FAR],
  )

  await settle(pool, boss, first.workerId, [outcomeOf(claimed)])
  expect(await promote(pool, [id])).toBe(0)
  await dispatcher.query('commit')
  // As the dispatcher does after its commit.
  expect(await promote(pool, [id])).toBe(1)

  expect(await ledger(db)).toEqual(['succeeded', 'waiting'])
})

test('where nothing waits, a ledger full of what is unfinished is not read', async ({ databaseUrl, pool }) => {
  await pool.query(`
    insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, destination)
    select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'queued', now(), now(), now(), 'http://a.test'
    from generate_series(1, 5000)`)
  const own = createPool(databaseUrl, { max: 1, steadyPlans: true })
  onTestFinished(() => own.end())
  const read = async () => {
    const { rows } = await own.query(`select sum(idx_tup_read)::int as n from pg_stat_user_indexes
      where relid in (select relid from pg_partition_tree('executions') union select 'executions'::regclass)`)
    return Number(rows[0]?.n)
  }
  const flush = () => own.query('select pg_stat_force_next_flush()')
  await flush()
  const before = await read()

  expect(await promote(own, null)).toBe(0)

  await flush()
  expect((await read()) - before).toBeLessThan(10)
})
