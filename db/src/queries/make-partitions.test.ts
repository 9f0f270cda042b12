import { partitionsToMake } from '@scheduler/core/ledger-partitions'
import { expect, onTestFinished } from 'vitest'
import { ago, ahead, execution } from '../../test/factories.ts'
import { partitionNames } from '../../test/partitions.ts'
import { begin, queueUp, test, untilBlocked } from '../../test/queue.ts'
import { createPool, type Pool } from '../client.ts'
import { attempts, executions } from '../schema/index.ts'
import { KEPT_FREE } from './keep-free.ts'
import { makePartitions } from './make-partitions.ts'

/** As after a sleep of months: the default partition alone, with what it has been given since. */
async function loseAll(pool: Pool): Promise<void> {
  for (const name of await partitionNames(pool)) {
    await pool.query(`drop table ${name}`)
    await pool.query(`drop table ${name.replace('executions', 'attempts')}`)
  }
}

const placesOf = async (pool: Pool, ledger: 'executions' | 'attempts') => {
  const { rows } = await pool.query<{ place: string }>(
    `select tableoid::regclass::text as place from ${ledger} order by scheduled_for`,
  )
  return rows.map(({ place }) => place)
}

/** A retention, days, for which the next partition is still a good while ahead, whatever the time of day. */
const retentionWithRoom = (): number => {
  const hasRoom = (days: number) => (partitionsToMake(null, new Date(), days)[1]?.from ?? ago(0)) > ahead(86_400)
  const days = Array.from({ length: 20 }, (_, i) => 30 + 8 * i).find(hasRoom)
  if (!days) throw new Error('no retention whose partitions do not end today')
  return days
}

const nameOf = (date: Date | undefined) => `executions_${date?.toISOString().slice(0, 10).replaceAll('-', '')}`

test('a ledger without partitions gets that of now and the next, and only once, however many ask', async ({ pool }) => {
  await loseAll(pool)
  const all = await Promise.all([1, 2, 3].map(() => makePartitions(pool, 30)))
  const names = partitionsToMake(null, new Date(), 30).map(({ from }) => nameOf(from))
  expect(all.flatMap(({ made }) => made).sort()).toEqual(names)
  expect(await partitionNames(pool)).toEqual(names)
  expect(await makePartitions(pool, 30)).toEqual({ made: [], busy: false })
})

test('each has the settings, the constraints and the indexes of the others', async ({ pool }) => {
  await loseAll(pool)
  await makePartitions(pool, 30)
  const { rows } = await pool.query<{ ledger: string; options: string[]; checks: string; indexes: string }>(
    `select inhparent::regclass::text as ledger, reloptions as options,
       (select string_agg(conname || pg_get_constraintdef(k.oid), ' ' order by conname) from pg_constraint k
        where conrelid = c.oid and contype = 'c' and convalidated) as checks,
       (select string_agg(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', indisunique::text), ' ' order by
          regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', indisunique::text)) from pg_index where indrelid = c.oid
          and indisvalid and indexrelid in (select inhrelid from pg_inherits)) as indexes
     from pg_inherits join pg_class c on c.oid = inhrelid
     where inhparent in ('executions'::regclass, 'attempts'::regclass)`,
  )
  expect(rows).toHaveLength(6)
  for (const [ledger, them] of Map.groupBy(rows, (row) => row.ledger)) {
    expect(them).toHaveLength(3)
    for (const row of them) expect(row).toEqual(them[0])
    expect(them[0]?.indexes.match(/\(/g)?.length).toBeGreaterThanOrEqual(ledger === 'executions' ? 10 : 1)
    expect(them[0]?.options?.join()).toContain('autovacuum')
  }
})

test('what the default partition took meanwhile moves into the new one, with its attempts; the rest stays', async ({
  db,
  pool,
  boss,
}) => {
  await loseAll(pool)
  await queueUp(pool, boss)
  const old = execution({ state: 'succeeded', scheduledFor: ago(100 * 86_400) })
  await db.insert(executions).values(old)
  await pool.query(`insert into attempts (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
    select id, scheduled_for, 1, 'succeeded', now(), now(), 1, id from executions`)
  expect(await placesOf(pool, 'executions')).toEqual(['executions_default', 'executions_default'])

  const { made } = await makePartitions(pool, 30)

  expect(await placesOf(pool, 'executions')).toEqual(['executions_default', made[0]])
  expect(await placesOf(pool, 'attempts')).toEqual(['attempts_default', made[0]?.replace('executions', 'attempts')])
  expect(await db.$count(attempts)).toBe(2)
})

test('where the default partition has too much to be moved, the new one begins the day after it', async ({ pool }) => {
  await loseAll(pool)
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at, destination)
     select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'failed', 39, now(), now(), now(), now(), '' from generate_series(1, 5001)`,
  )
  const { made, busy } = await makePartitions(pool, 1)
  expect([made, busy]).toEqual([[nameOf(ahead(86_400)), nameOf(ahead(2 * 86_400))].slice(0, made.length), false])
  expect(made.length).toBeGreaterThan(0)
  expect(new Set(await placesOf(pool, 'executions'))).toEqual(new Set(['executions_default']))
})

test('while others have the ledger none is made, nobody waits for long, and what is dispatched has its place', async ({
  pool,
  boss,
}) => {
  await loseAll(pool)
  const other = await begin(pool)
  await other.query('lock table executions_default in row exclusive mode')
  const making = makePartitions(pool, 30)
  await untilBlocked(pool, 1)
  await queueUp(pool, boss)
  expect(await making).toEqual({ made: [], busy: true })
  expect(await placesOf(pool, 'executions')).toEqual(['executions_default'])

  await other.query('commit')
  expect((await makePartitions(pool, 30)).made).toHaveLength(2)
})

test('of a default partition that has nothing of what is to come, nothing is read while others wait', async ({
  db,
  pool,
  databaseUrl,
}) => {
  await loseAll(pool)
  await db.insert(executions).values(execution({ state: 'succeeded', scheduledFor: ago(100 * 86_400) }))
  const own = createPool(databaseUrl)
  onTestFinished(() => own.end())
  const notices: string[] = []
  own.on('connect', (client) => {
    client.on('notice', ({ message }) => notices.push(message ?? ''))
    client.query('set client_min_messages = debug1').catch(() => {})
  })
  expect((await makePartitions(own, retentionWithRoom())).made).toHaveLength(2)
  const implied = notices.filter((it) => /default partition .* is implied by existing constraints/.test(it))
  expect(implied.map((it) => /"(\w+)"/.exec(it)?.[1])).toEqual(['executions_default', 'attempts_default'])
  expect(await keptFree(pool)).toBe(0)
})

const keptFree = async (pool: Pool) =>
  (await pool.query('select from pg_constraint where starts_with(conname, $1)', [KEPT_FREE])).rowCount

test('what a process that was killed has kept out is let in again', async ({ pool }) => {
  await makePartitions(pool, 30)
  await pool.query(`alter table executions_default add constraint ${KEPT_FREE}now check (scheduled_for < now())`)
  expect(await makePartitions(pool, 30)).toEqual({ made: [], busy: false })
  expect(await keptFree(pool)).toBe(0)
})

test('where it takes too long to make room for what is now, the partition is one of what is to come', async ({
  db,
  pool,
}) => {
  await loseAll(pool)
  await pool.query(`create function rest() returns trigger language plpgsql as 'begin perform pg_sleep(0.6); return old; end';
    create trigger slow before delete on executions_default for each row execute function rest()`)
  onTestFinished(async () => void (await pool.query('drop function rest cascade')))
  await db.insert(executions).values(execution({ state: 'succeeded', scheduledFor: ago(1) }))
  const { made, busy } = await makePartitions(pool, 30, 500)
  expect([made.length > 0, busy]).toEqual([true, false])
  expect(made[0] && made[0] > nameOf(ahead(0))).toBe(true)
  expect(await placesOf(pool, 'executions')).toEqual(['executions_default'])
})
