import { v7 as uuidv7 } from 'uuid'
import { expect } from 'vitest'
import { ago, execution, job } from '../../test/factories.ts'
import { begin, test } from '../../test/queue.ts'
import type { Db, Pool } from '../client.ts'
import { attempts, executions, jobs, pruneMarks } from '../schema/index.ts'
import { prune } from './prune.ts'
import { pruneAllSurplus, pruneNewSurplus } from './prune-by-job.ts'

const minutes = (n: number) => ago(n * 60)

/** A finished execution of so many minutes ago; in another state with what that state requires. */
const at = (jobId: string, age: number, fields: Parameters<typeof execution>[0] = {}) =>
  execution({ jobId, state: 'succeeded', scheduledFor: minutes(age), ...fields })

/** In whole minutes, the oldest first. */
const ages = (of: { scheduledFor: Date }[]) =>
  of.map((it) => Math.round((ago(0).getTime() - it.scheduledFor.getTime()) / 60_000)).sort((a, b) => b - a)

async function left(db: Db, jobId: string) {
  const rows = await db.select().from(executions)
  return ages(rows.filter((it) => it.jobId === jobId))
}

/** A thorough look at every job. */
async function pruneAll(pool: Pool, perJob: number | null = null, signal?: AbortSignal): Promise<number> {
  let total = 0
  for (let hour = 0; hour < 24; hour += 1) total += await pruneAllSurplus(pool, perJob, hour, signal)
  return total
}

const looks = [
  ['the look at what is new', async (pool: Pool) => (await pruneNewSurplus(pool, null, null)).executions],
  ['the thorough look', (pool: Pool) => pruneAll(pool)],
] as const

test.for(looks)(
  'of a job with a bound the newest stay, the others go with their attempts: %s',
  async ([, look], { db, pool }) => {
    const [bounded, other] = [job({ retention: { executions: 3 } }), job()]
    await db.insert(jobs).values([bounded, other])
    const rows = [bounded.id, other.id].flatMap((id) => [5, 4, 3, 2, 1].map((age) => at(id, age + 10)))
    await db.insert(executions).values(rows)
    await db.insert(attempts).values(rows.map(attemptOf))

    expect(await look(pool)).toBe(2)

    expect(await left(db, bounded.id)).toEqual([13, 12, 11])
    expect(await left(db, other.id)).toHaveLength(5)
    expect(await db.$count(attempts)).toBe(8)
    expect(await look(pool)).toBe(0)
  },
)

test.for(looks)(
  'nothing that is unfinished goes, no dead letter, and no place is taken by the unfinished: %s',
  async ([, look], { db, pool }) => {
    const it = job({ retention: { executions: 1 } })
    await db.insert(jobs).values(it)
    const kept = [
      at(it.id, 19, { state: 'waiting', reason: 'overlap_queued', behind: true }),
      at(it.id, 18, { state: 'failed', deadAt: minutes(18) }),
      at(it.id, 17, { state: 'queued' }),
      at(it.id, 15),
      at(it.id, 14, { state: 'running' }),
      at(it.id, 13, { state: 'parked', reason: 'circuit_open' }),
    ]
    await db.insert(executions).values([...kept, at(it.id, 20), at(it.id, 16, { state: 'skipped', reason: 'paused' })])

    expect(await look(pool)).toBe(2)

    expect(await left(db, it.id)).toEqual(ages(kept))
  },
)

test.for(looks)(
  'what was carried out late stays until as many have come after it: %s',
  async ([, look], { db, pool }) => {
    const it = job({ retention: { executions: 2 } })
    await db.insert(jobs).values(it)
    const backfilled = at(it.id, 5_000, { kind: 'backfill', finishedAt: minutes(12) })
    await db.insert(executions).values([backfilled, at(it.id, 30), at(it.id, 15), at(it.id, 10)])

    expect(await look(pool)).toBe(1)
    expect(await left(db, it.id)).toHaveLength(3)

    await db.insert(executions).values([at(it.id, 9), at(it.id, 8)])
    expect(await look(pool)).toBe(3)
    expect(await left(db, it.id)).toEqual([9, 8])
  },
)

test('what finished within a minute stays, however many have come since', async ({ db, pool }) => {
  const it = job({ retention: { executions: 1 } })
  await db.insert(jobs).values(it)
  await db.insert(executions).values([90, 50, 30, 10].map((seconds) => at(it.id, seconds / 60)))

  expect(await pruneAll(pool)).toBe(1)

  expect(await left(db, it.id)).toHaveLength(3)
})

test('of two bounds on the number the lower one holds, and the bound of the instance for every job', async ({
  db,
  pool,
}) => {
  const few = job({ retention: { executions: 1 } })
  const more = job({ retention: { executions: 9 } })
  const [none, gone] = [job({ retention: { days: 9 } }), job({ deletedAt: ago(60) })]
  const all = [few, more, none, gone]
  await db.insert(jobs).values(all)
  await db.insert(executions).values(all.flatMap(({ id }) => [14, 13, 12, 11].map((age) => at(id, age))))

  expect((await pruneNewSurplus(pool, 2, null)).executions).toBe(3 + 2 + 2 + 2)

  const counts = await Promise.all(all.map(async ({ id }) => (await left(db, id)).length))
  expect(counts).toEqual([1, 2, 2, 2])
  expect(await pruneAll(pool, 1)).toBe(3)
})

test('a bound in days holds beside that on the number, and alone', async ({ db, pool }) => {
  const days = (n: number) => n * 1_440
  const [alone, both] = [job({ retention: { days: 7 } }), job({ retention: { days: 7, executions: 1 } })]
  await db.insert(jobs).values([alone, both])
  await db
    .insert(executions)
    .values(
      [alone.id, both.id].flatMap((id) => [
        ...[at(id, days(8)), at(id, days(6)), at(id, days(5))],
        at(id, days(9), { state: 'failed', deadAt: minutes(days(9)) }),
        at(id, days(10), { finishedAt: minutes(days(2)) }),
      ]),
    )

  expect(await pruneAll(pool)).toBe(1 + 2)

  expect(await left(db, alone.id)).toEqual([10, 9, 6, 5].map(days))
  expect(await left(db, both.id)).toEqual([10, 9, 5].map(days))
})

test('a row that another session holds is passed over, and goes once it is let go', async ({ db, pool }) => {
  const it = job({ retention: { executions: 1 } })
  await db.insert(jobs).values(it)
  const held = at(it.id, 20)
  await db.insert(executions).values([at(it.id, 30), held, at(it.id, 15), at(it.id, 10)])
  const other = await begin(pool)
  await other.query('select from executions where id = $1 for update', [held.id])

  expect((await pruneNewSurplus(pool, null, null)).executions).toBe(2)
  expect(await left(db, it.id)).toEqual([20, 10])

  await other.query('rollback')
  expect((await pruneNewSurplus(pool, null, null)).executions).toBe(1)
})

test('a dead letter that is redriven at that moment stays', async ({ db, pool }) => {
  const it = job({ retention: { executions: 1 } })
  await db.insert(jobs).values(it)
  const dead = at(it.id, 20, { state: 'failed' })
  await db.insert(executions).values([dead, at(it.id, 10)])
  const other = await begin(pool)
  await other.query(`update executions set state = 'queued', finished_at = null where id = $1`, [dead.id])

  expect(await pruneAll(pool)).toBe(0)
  await other.query('commit')

  expect(await pruneAll(pool)).toBe(0)
  expect(await left(db, it.id)).toHaveLength(2)
})

test('several that look at once take each execution once, and none waits for another', async ({ db, pool }) => {
  const all = Array.from({ length: 20 }, () => job({ retention: { executions: 2 } }))
  await db.insert(jobs).values(all)
  const rows = all.flatMap(({ id }) => Array.from({ length: 30 }, (_, i) => at(id, i + 10)))
  await db.insert(executions).values(rows)

  const looks = [1, 2, 3, 4].map(async () => (await pruneNewSurplus(pool, null, null)).executions)
  const counts = await Promise.all([...looks, pruneAll(pool)])

  expect(counts.reduce((sum, n) => sum + n) + (await pruneAll(pool))).toBe(20 * 28)
  expect(await db.$count(executions)).toBe(20 * 2)
})

test('a job whose bound was written lately is looked at without a new execution, others are not', async ({
  db,
  pool,
}) => {
  const before = job({ retention: { executions: 1 }, updatedAt: minutes(600) })
  const lately = job({ retention: { executions: 1 }, updatedAt: ago(30) })
  await db.insert(jobs).values([before, lately])
  const old = (jobId: string, age: number) => at(jobId, age, { id: uuidv7({ msecs: minutes(age).getTime() }) })
  await db.insert(executions).values([before, lately].flatMap(({ id }) => [old(id, 50), old(id, 40)]))

  expect((await pruneNewSurplus(pool, null, null)).executions).toBe(1)
  expect(await left(db, lately.id)).toHaveLength(1)
  expect(await pruneAll(pool)).toBe(1)
})

test('a look goes on from the last, and a signal stops it between two batches', async ({ db, pool }) => {
  const it = job({ retention: { executions: 100 } })
  await db.insert(jobs).values(it)
  await fill(pool, it.id, 10_101)
  let asked = 0
  const signal = {
    get aborted() {
      asked += 1
      return asked > 3
    },
  } as AbortSignal

  const first = await pruneNewSurplus(pool, null, null, signal)

  expect(first.executions).toBe(5_000)
  const [mark] = await db.select().from(pruneMarks)
  expect(mark).toMatchObject({ jobId: it.id, before: mark?.resumeAt })
  const { executions: rest, since } = await pruneNewSurplus(pool, null, first.since)
  expect(rest).toBe(5_001)
  expect((await pruneNewSurplus(pool, null, since)).executions).toBe(0)
  expect(await db.$count(executions)).toBe(100)
})

test('a job that goes takes its mark with it', async ({ db, pool }) => {
  const gone = job({ deletedAt: minutes(60), retention: { executions: 1 } })
  const stays = job({ retention: { executions: 1 } })
  await db.insert(jobs).values([gone, stays])
  await db.insert(executions).values([gone.id, stays.id].flatMap((id) => [at(id, 20), at(id, 10)]))
  expect((await pruneNewSurplus(pool, null, null)).executions).toBe(2)
  expect(await db.$count(pruneMarks)).toBe(2)
  await pool.query(`update jobs set deleted_at = now() - interval '2 days' where deleted_at is not null`)
  await pool.query(`delete from executions where job_id = $1`, [gone.id])

  await prune(pool, { days: 1, deadLetterDays: 1 })

  expect(await db.select({ id: pruneMarks.jobId }).from(pruneMarks)).toEqual([{ id: stays.id }])
})

test('without any bound nothing is asked but that', async ({ db, pool }) => {
  await db.insert(jobs).values(job())
  const asked: string[] = []
  const query = async (text: string) => {
    asked.push(text)
    return await pool.query(text)
  }
  const listening = { query } as unknown as Pool

  expect(await pruneNewSurplus(listening, null, null)).toEqual({ executions: 0, since: null })
  expect(await pruneAllSurplus(listening, null, 7)).toBe(0)

  expect(asked).toEqual(Array(2).fill('select exists (select from jobs where retention is not null) as bounded'))
})

function attemptOf({ id, scheduledFor }: { id: string; scheduledFor: Date }) {
  const times = { startedAt: scheduledFor, finishedAt: scheduledFor }
  const rest = { attempt: 1, outcome: 'succeeded', jobVersion: 1, workerId: uuidv7() } as const
  return { executionId: id, scheduledFor, ...times, ...rest }
}

/** So many executions, one a second, the last of two minutes ago, all of them made just now. */
const fill = (pool: Pool, jobId: string, count: number) =>
  pool.query(
    `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, finished_at, destination)
     select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 19))::uuid,
       $1, 1, 'schedule', 'cancelled', at, at, at, at, ''
     from generate_series(1, $2) n, lateral (select now() - interval '2 minutes' - n * interval '1 second' as at)`,
    [jobId, count],
  )
