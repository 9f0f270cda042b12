import { v7 as uuidv7 } from 'uuid'
import { expect, onTestFinished } from 'vitest'
import { notification } from '../../test/events.ts'
import { explaining } from '../../test/explaining.ts'
import { ago, execution, job } from '../../test/factories.ts'
import { begin, test } from '../../test/queue.ts'
import { createPool, type Db, type Pool } from '../client.ts'
import {
  attempts,
  blackouts,
  circuitChanges,
  circuits,
  destinations,
  executions,
  jobs,
  jobVersions,
  notifications,
  workers,
} from '../schema/index.ts'
import { prune } from './prune.ts'

const retention = { days: 30, deadLetterDays: 90 }
const days = (n: number) => ago(n * 86_400)
const old = (state: 'succeeded' | 'skipped' = 'succeeded') => execution({ state, scheduledFor: days(40) })
const ids = async (db: Db) => (await db.select({ id: executions.id }).from(executions)).map((row) => row.id).sort()

function attempt(of: { id: string; scheduledFor: Date }) {
  const times = { startedAt: of.scheduledFor, finishedAt: of.scheduledFor }
  const { id: executionId, scheduledFor } = of
  return {
    ...{ executionId, scheduledFor, ...times },
    attempt: 1,
    outcome: 'succeeded',
    jobVersion: 1,
    workerId: id(),
  } as const
}
const id = () => uuidv7()

test('finished executions past retention go with their attempts, the others stay with theirs', async ({ db, pool }) => {
  const gone = [old(), old('skipped')]
  const kept = [
    execution({ state: 'succeeded', scheduledFor: days(20) }),
    // A backfill of long ago that was carried out lately.
    execution({ state: 'succeeded', scheduledFor: days(40), finishedAt: days(2) }),
    execution({ state: 'queued', scheduledFor: days(40) }),
    execution({ state: 'waiting', scheduledFor: days(40) }),
  ]
  await db.insert(executions).values([...gone, ...kept])
  await db.insert(attempts).values([...gone, ...kept].map(attempt))

  expect(await prune(pool, retention)).toEqual({ partitions: 0, executions: 2, deadLetters: 0, jobs: 0 })

  expect(await ids(db)).toEqual(kept.map((it) => it.id).sort())
  const left = await db.select({ id: attempts.executionId }).from(attempts)
  expect(left.map((row) => row.id).sort()).toEqual(kept.map((it) => it.id).sort())
})

test('a dead letter goes once it is past the retention of dead letters, never before that of the ledger, and with a count', async ({
  db,
  pool,
}) => {
  const dead = (age: number) => execution({ state: 'failed', scheduledFor: days(age), deadAt: days(age) })
  const [expired, kept, young] = [dead(91), dead(89), dead(20)]
  const putAway = { ...dead(89), deadAt: null }
  const owner = job({ id: kept.jobId, status: 'completed', completedAt: days(89) })
  await db.insert(jobs).values(owner)
  await db.insert(executions).values([expired, kept, young, putAway])

  expect(await prune(pool, retention)).toEqual({ partitions: 0, executions: 2, deadLetters: 1, jobs: 0 })
  expect(await ids(db)).toEqual([kept.id, young.id].sort())

  expect(await prune(pool, { days: 30, deadLetterDays: 1 })).toEqual({
    partitions: 0,
    executions: 1,
    deadLetters: 1,
    jobs: 1,
  })
  expect(await ids(db)).toEqual([young.id])
})

test('a deleted or completed job goes once it is past retention and no execution of it is left', async ({
  db,
  pool,
}) => {
  const gone = [job({ deletedAt: days(40) }), job({ status: 'completed', completedAt: days(40) })]
  const kept = [
    job({ name: 'its execution is younger', deletedAt: days(40) }),
    job({ name: 'deleted lately', deletedAt: days(20) }),
    job({ name: 'completed lately', status: 'completed', completedAt: days(20) }),
    job({ name: 'active', createdAt: days(400) }),
    job({ name: 'paused', status: 'paused', pausedAt: days(400) }),
  ]
  await db.insert(jobs).values([...gone, ...kept])
  await db
    .insert(executions)
    .values([
      execution({ jobId: gone[0]?.id as string, state: 'succeeded', scheduledFor: days(40) }),
      execution({ jobId: kept[0]?.id as string, state: 'succeeded', scheduledFor: days(20) }),
    ])

  expect(await prune(pool, retention)).toEqual({ partitions: 0, executions: 1, deadLetters: 0, jobs: 2 })

  const left = await db.select({ name: jobs.name }).from(jobs)
  expect(left.map((row) => row.name).sort()).toEqual(kept.map((it) => it.name).sort())
})

/** So many old executions, at once. */
const fill = (pool: Pool, count: number) =>
  pool.query(
    `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, finished_at, destination)
     select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'failed', at, at, at, at, ''
     from generate_series(1, $1) n, lateral (select now() - interval '40 days' - n * interval '1 second' as at)`,
    [count],
  )

test('all of a large number goes, in batches, and none after the signal to stop', async ({ db, pool }) => {
  await fill(pool, 10_001)
  let batches = 0
  const stopAfter = (most: number) => ({
    get aborted() {
      batches += 1
      return batches > most
    },
  })

  expect(await prune(pool, retention, stopAfter(2) as AbortSignal)).toEqual({
    partitions: 0,
    executions: 5_000,
    deadLetters: 0,
    jobs: 0,
  })
  expect(await db.$count(executions)).toBe(5_001)
  expect(await prune(pool, retention)).toEqual({ partitions: 0, executions: 5_001, deadLetters: 0, jobs: 0 })
})

test('a run passes dead letters that stay once, however many batches it takes to delete what is behind them', async ({
  databaseUrl,
  db,
  pool,
}) => {
  await fill(pool, 30_000)
  await pool.query('update executions set dead_at = finished_at')
  await pool.query(`update executions set scheduled_for = scheduled_for - interval '10 days'`)
  await fill(pool, 10_001)
  await pool.query('vacuum analyze executions')
  const one = createPool(databaseUrl, { max: 1, steadyPlans: true })
  onTestFinished(() => one.end())
  const read = async () => {
    await one.query('select pg_stat_force_next_flush()')
    const { rows } = await one.query(
      `select idx_tup_read::int as n from pg_stat_user_indexes where indexrelname = 'executions_default_scheduled_for_id_idx'`,
    )
    return rows[0].n as number
  }
  const before = await read()

  expect(await prune(one, retention)).toEqual({ partitions: 0, executions: 10_001, deadLetters: 0, jobs: 0 })

  // Each once, and those that go twice more, as they are locked and as they are deleted.
  expect((await read()) - before).toBeLessThan(65_000)
  expect(await db.$count(executions)).toBe(30_000)
})

test('dead letters that expire are found by their own index, and what finished by its time', async ({
  databaseUrl,
  pool,
}) => {
  await fill(pool, 20_000)
  await pool.query('update executions set dead_at = finished_at')
  await pool.query('vacuum analyze executions')
  const explained = explaining(databaseUrl)
  onTestFinished(() => explained.end())

  await prune(explained.pool, { days: 30, deadLetterDays: 39 })

  expect(explained.scans).toEqual(
    expect.arrayContaining(['executions: executions_dead', 'executions: executions_by_time']),
  )
})

test('a row that another session holds is passed over, not waited for', async ({ db, pool }) => {
  const [held, free] = [old(), old()]
  await db.insert(executions).values([held, free])
  const other = await begin(pool)
  await other.query('select from executions where id = $1 for update', [held.id])

  expect(await prune(pool, retention)).toMatchObject({ executions: 1 })

  expect(await ids(db)).toEqual([held.id])
})

test('workers that are long gone go with their circuits, those that live stay with theirs', async ({ db, pool }) => {
  const [gone, alive] = [days(2), ago(5)].map((heartbeatAt) => ({
    ...{ id: id(), hostname: 'h', pid: 1, startedAt: days(3), heartbeatAt },
  }))
  await db.insert(workers).values([gone, alive].flatMap((it) => it ?? []))
  const circuit = { destination: 'http://a.test', state: 'closed', failures: 0, updatedAt: days(2) } as const
  await db.insert(circuits).values([gone, alive].flatMap((it) => (it ? { ...circuit, workerId: it.id } : [])))

  await prune(pool, retention)

  expect(await db.select({ id: workers.id }).from(workers)).toEqual([{ id: alive?.id }])
  expect(await db.select({ id: circuits.workerId }).from(circuits)).toEqual([{ id: alive?.id }])
})

test('past versions go with their job, or once their end is past retention; blackouts once they are', async ({
  db,
  pool,
}) => {
  const [kept, gone] = [job(), job({ deletedAt: days(40) })]
  await db.insert(jobs).values([kept, gone])
  const version = (jobId: string, n: number, validTo: Date) => ({
    ...{ jobId, version: n, validFrom: days(99), validTo, status: 'active' as const, callbackUrl: 'http://a.test' },
    ...{ timezone: 'UTC', schedule: kept.schedule, policies: {}, tags: [] },
  })
  await db
    .insert(jobVersions)
    .values([version(kept.id, 1, days(31)), version(kept.id, 2, days(29)), version(gone.id, 1, days(1))])
  const blackout = (toAt: Date) => ({ id: id(), tag: 't', fromAt: days(99), toAt, createdAt: days(99) })
  const [over, other] = [blackout(days(31)), blackout(days(29))]
  await db.insert(blackouts).values([over, other])

  await prune(pool, retention)

  expect(await db.select().from(jobVersions)).toMatchObject([{ jobId: kept.id, version: 2 }])
  expect(await db.select({ id: blackouts.id }).from(blackouts)).toEqual([{ id: other.id }])
})

test('the history of circuits goes past retention, and those that are closed since then; an open one stays', async ({
  db,
  pool,
}) => {
  const circuit = { updatedAt: days(40) }
  await db.insert(destinations).values([
    { ...circuit, destination: 'http://closed.test' },
    { ...circuit, destination: 'http://of-late.test', updatedAt: days(20) },
    { ...circuit, destination: 'http://newest.test', drainOrder: 'newest' },
    { ...circuit, destination: 'http://open.test', state: 'open', openedAt: days(40) },
  ])
  const change = { destination: 'http://open.test', state: 'open', cause: 'failures', failures: 5, parked: 0 } as const
  const [before, since] = [days(31), days(29)].map((at) => ({ ...change, id: id(), at }))
  await db.insert(circuitChanges).values([before, since].flatMap((it) => it ?? []))

  await prune(pool, retention)

  const left = (await db.select().from(destinations)).map((it) => it.destination)
  expect(left.sort()).toEqual(['http://newest.test', 'http://of-late.test', 'http://open.test'])
  expect((await db.select({ id: circuitChanges.id }).from(circuitChanges)).map((it) => it.id)).toEqual([since?.id])
})

test('notifications go once they are past retention, however they ended', async ({ db, pool }) => {
  const old = { createdAt: days(31) }
  const kept = notification({ createdAt: days(29) })
  await db
    .insert(notifications)
    .values([
      notification({ ...old, deliveredAt: days(31) }),
      notification({ ...old, failedAt: days(31) }),
      notification({ ...old, nextAttemptAt: days(31) }),
      kept,
    ])

  await prune(pool, retention)

  expect(await db.select({ id: notifications.id }).from(notifications)).toEqual([{ id: kept.id }])
})

test('the hour whose jobs have their turn is that in which it began, however long the rest takes', async ({ pool }) => {
  const said: string[] = []
  const query = (text: string, values?: unknown[]) => {
    said.push(text)
    return pool.query(text, values)
  }
  await prune({ query } as unknown as Pool, retention)
  expect(said.filter((text) => text.includes('extract(hour'))).toEqual([said[0]])
})
