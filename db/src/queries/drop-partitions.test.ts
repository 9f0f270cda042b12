import { expect, onTestFinished } from 'vitest'
import { ago, execution, job } from '../../test/factories.ts'
import { partitionNames, partitionOf } from '../../test/partitions.ts'
import { begin, outcomeOf, queueUp, test, untilBlocked, worker } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { attempts, executions, jobs } from '../schema/index.ts'
import { dropPartitions } from './drop-partitions.ts'
import { prune } from './prune.ts'
import { redrive } from './redrive.ts'
import { settle } from './settle.ts'

const days = (n: number) => ago(n * 86_400)
const retention = { days: 30, deadLetterDays: 90 }
const at = days(40)
const done = () => execution({ state: 'succeeded', scheduledFor: at })
const ids = async (db: Db) => (await db.select({ id: executions.id }).from(executions)).map((row) => row.id).sort()

function attempt({ id: executionId, scheduledFor }: { id: string; scheduledFor: Date }) {
  const of = { executionId, scheduledFor, startedAt: scheduledFor, finishedAt: scheduledFor, workerId: executionId }
  return { ...of, attempt: 1, outcome: 'succeeded', jobVersion: 1 } as const
}

test('a partition that is past retention goes whole; what must stay stays, with its attempts', async ({ db, pool }) => {
  const { name } = await partitionOf(pool, 38)
  const gone = [done(), done(), execution({ state: 'skipped', scheduledFor: at })]
  const kept = [
    execution({ state: 'queued', scheduledFor: at }),
    execution({ state: 'running', scheduledFor: at }),
    execution({ state: 'waiting', scheduledFor: at }),
    execution({ state: 'failed', scheduledFor: at, deadAt: days(40) }),
    // Dispatched late, or sent again and again: finished within retention.
    execution({ state: 'succeeded', scheduledFor: at, finishedAt: days(29) }),
    execution({ state: 'failed', scheduledFor: at, finishedAt: days(29) }),
    execution({ state: 'failed', scheduledFor: at, finishedAt: days(29), deadAt: days(29) }),
  ]
  await db.insert(executions).values([...gone, ...kept])
  await db.insert(attempts).values([...gone, ...kept].map(attempt))
  const rows = await db.query.executions.findMany({
    where: (t, { inArray }) =>
      inArray(
        t.id,
        kept.map((it) => it.id),
      ),
  })

  expect(await prune(pool, retention)).toEqual({ partitions: 1, executions: 0, deadLetters: 0, jobs: 0 })

  expect(await partitionNames(pool)).not.toContain(name)
  expect(await ids(db)).toEqual(kept.map((it) => it.id).sort())
  expect(await db.select().from(executions)).toEqual(expect.arrayContaining(rows))
  const left = await db.select({ id: attempts.executionId }).from(attempts)
  expect(left.map(({ id }) => id).sort()).toEqual(await ids(db))
  expect(
    (await pool.query(`select to_regclass($1) as it, to_regclass($2) as its`, [name, name.replace('ex', 'at')])).rows,
  ).toEqual([{ it: null, its: null }])
})

test('it goes once the last of its time is a day past retention, not before', async ({ db, pool }) => {
  const { name } = await partitionOf(pool, 38)
  await db.insert(executions).values(done())
  expect(await dropPartitions(pool, 38)).toEqual({ partitions: 0, crowded: [], failed: [] })
  expect(await partitionNames(pool)).toContain(name)
  expect(await dropPartitions(pool, 37)).toEqual({ partitions: 1, crowded: [], failed: [] })
  expect(await partitionNames(pool)).not.toContain(name)
})

test('dead letters that are past their own retention do not stay, and are counted', async ({ db, pool }) => {
  await partitionOf(pool, 98)
  const dead = (age: number) => execution({ state: 'failed', scheduledFor: days(99), deadAt: days(age) })
  const [expired, kept] = [dead(99), dead(89)]
  await db.insert(executions).values([expired, kept])
  expect(await prune(pool, retention)).toEqual({ partitions: 1, executions: 1, deadLetters: 1, jobs: 0 })
  expect(await ids(db)).toEqual([kept.id])
})

test('one of which much stays, with its attempts, is named and emptied row by row, and dropped once little does', async ({
  db,
  pool,
}) => {
  const { name } = await partitionOf(pool, 38)
  await db.insert(executions).values([done(), done()])
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at, dead_at, destination)
     select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'failed', 39, $1, $1, $1, $1, $1, '' from generate_series(1, 5001)`,
    [at],
  )
  const told: string[] = []
  const left = { crowded: (partition: string) => told.push(partition), failed: () => told.push('failed') }
  expect(await prune(pool, retention, undefined, left)).toMatchObject({ partitions: 0, executions: 2 })
  expect(told).toEqual([name])
  expect(await partitionNames(pool)).toContain(name)

  await pool.query('update executions set dead_at = null where id = (select min(id::text)::uuid from executions)')
  expect(await prune(pool, retention)).toMatchObject({ partitions: 1 })
  expect(await db.$count(executions)).toBe(5_000)
})

test('while others use the ledger it waits for a moment only, then leaves it alone and tries again', async ({
  db,
  pool,
}) => {
  const { name } = await partitionOf(pool, 38)
  await db.insert(executions).values(done())
  const other = await begin(pool)
  await other.query('select from executions limit 1')
  const dropping = dropPartitions(pool, 30)
  await untilBlocked(pool, 1)
  // Behind it, but not for long: it gives way.
  const since = performance.now()
  expect(await db.$count(executions)).toBe(1)
  expect(performance.now() - since).toBeLessThan(1_000)
  expect(await partitionNames(pool)).toContain(name)

  await other.query('commit')
  expect(await dropping).toEqual({ partitions: 1, crowded: [], failed: [] })
  expect(await db.$count(executions)).toBe(0)
})

test('an attempt that is settled while its partition is dropped finds its execution where it is now', async ({
  db,
  pool,
  boss,
}) => {
  await partitionOf(pool, 38)
  const { id } = await queueUp(pool, boss)
  await pool.query('update executions set scheduled_for = $1', [at])
  await pool.query(`update pgboss.job set data = jsonb_set(data, '{s}', to_jsonb($1::bigint)) where name = 'deliver'`, [
    at.getTime(),
  ])
  const { workerId, claim } = worker(pool, boss)
  const { claims } = await claim()
  const reader = await begin(pool)
  await reader.query('select from executions limit 1')
  const dropping = dropPartitions(pool, 30)
  await untilBlocked(pool, 1)
  const settling = settle(
    pool,
    boss,
    workerId,
    claims.map((it) => outcomeOf(it)),
  )
  await reader.query('commit')
  await Promise.all([dropping, settling])

  expect(await dropping).toMatchObject({ partitions: 1 })
  expect(await db.select({ jobId: executions.jobId, state: executions.state }).from(executions)).toEqual([
    { jobId: id, state: 'succeeded' },
  ])
  expect(await db.$count(attempts)).toBe(1)
})

test('a dead letter that is redriven at that moment is not lost', async ({ db, pool, boss }) => {
  await partitionOf(pool, 38)
  const owner = job()
  await db.insert(jobs).values(owner)
  const dead = execution({ jobId: owner.id, state: 'failed', scheduledFor: at, deadAt: days(40) })
  await db.insert(executions).values(dead)
  const holder = await begin(pool)
  // The redrive has chosen it by then, and waits for its job.
  await holder.query('select from jobs where id = $1 for update', [owner.id])
  const redriving = redrive(pool, boss, { limit: 1 })
  await untilBlocked(pool, 1)
  const dropping = dropPartitions(pool, 30)
  await untilBlocked(pool, 2)
  await holder.query('commit')

  expect(await redriving).toMatchObject({ executions: 1 })
  expect(await dropping).toMatchObject({ partitions: 1 })
  expect(await db.select({ id: executions.id, state: executions.state }).from(executions)).toEqual([
    { id: dead.id, state: 'queued' },
  ])
})

test('of a drop that breaks off half-way nothing is to be seen', async ({ db, pool }) => {
  const { name } = await partitionOf(pool, 38)
  const all = [done(), execution({ state: 'queued', scheduledFor: at })]
  await db.insert(executions).values(all)
  await db.insert(attempts).values(all.map(attempt))
  // What must stay finds no place: as if the process had been killed between the two.
  await pool.query(`alter table attempts_default add constraint full_up check (attempt > 1)`)
  expect(await dropPartitions(pool, 30)).toMatchObject({
    partitions: 0,
    failed: [{ error: { constraint: 'full_up' } }],
  })
  expect(await ids(db)).toEqual(all.map((it) => it.id).sort())
  expect(await db.$count(attempts)).toBe(2)
  expect(await partitionNames(pool)).toContain(name)

  await pool.query('alter table attempts_default drop constraint full_up')
  expect(await dropPartitions(pool, 30)).toEqual({ partitions: 1, crowded: [], failed: [] })
  expect(await db.$count(executions)).toBe(1)
})

test('one that the database will not drop is named, and keeps neither the others nor the rest of pruning', async ({
  db,
  pool,
}) => {
  const [stuck, next] = [await partitionOf(pool, 42), await partitionOf(pool, 38)]
  await pool.query(`create view somebodys as select id from ${stuck.name}`)
  onTestFinished(async () => void (await pool.query('drop view if exists somebodys')))
  await db.insert(executions).values([done(), execution({ state: 'succeeded', scheduledFor: days(50) })])
  const told: unknown[] = []
  const left = { crowded: () => {}, failed: (...it: unknown[]) => told.push(it) }

  expect(await prune(pool, retention, undefined, left)).toMatchObject({ partitions: 1, executions: 1 })

  expect(told).toEqual([[stuck.name, expect.objectContaining({ code: '2BP01' })]])
  const names = await partitionNames(pool)
  expect([names.includes(stuck.name), names.includes(next.name)]).toEqual([true, false])
  await pool.query('drop view somebodys')
  expect(await dropPartitions(pool, 30)).toMatchObject({ partitions: 1 })
})

test('one that takes too long is given up at once, and as crowded', async ({ db, pool }) => {
  const { name } = await partitionOf(pool, 38)
  await pool.query(`create function rest() returns trigger language plpgsql as 'begin perform pg_sleep(0.6); return new; end';
    create trigger slow before insert on executions_default for each row execute function rest()`)
  onTestFinished(async () => void (await pool.query('drop function rest cascade')))
  await db.insert(executions).values(execution({ state: 'queued', scheduledFor: at }))
  const { partitions, crowded } = await dropPartitions(pool, 30, undefined, 500)
  expect([partitions, crowded.map(({ executions: it }) => it)]).toEqual([0, [name]])
  expect(await partitionNames(pool)).toContain(name)
})
