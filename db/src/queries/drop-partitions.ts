import { setTimeout as sleep } from 'node:timers/promises'
import { isPastRetention } from '@scheduler/core/ledger-partitions'
import type { Pool, PoolClient } from '../client.ts'
import { IS_LATE } from '../schema/executions.ts'
import { alone, DEFAULT_PARTITION, listPartitions, MOST_MOVED, type Partition } from './ledger-partitions.ts'
import { lookUpOneByOne } from './look-up.ts'

/** How often one that is busy is tried, and the time between, ms. The next run of pruning goes on. */
const TRIES = 5
const PAUSE_MS = 1_000

/** What became of the partitions that are past retention. */
export interface Dropped {
  partitions: number
  /** Those that hold too much that stays: they are to be emptied row by row. */
  crowded: Partition[]
}

/**
 * Drops the partitions of the ledger all of whose time is more than `days` ago, the oldest first. What must stay goes into the
 * default partition with its attempts, in the same transaction: what is unfinished, dead letters, and what finished lately.
 *
 * Meanwhile nobody else uses the ledger: whoever was about to change an execution that is moved finds it where it is now. So
 * the partition is dropped only when few of its executions stay, and when it is to be had at once.
 */
export async function dropPartitions(pool: Pool, days: number, signal?: AbortSignal): Promise<Dropped> {
  const dropped: Dropped = { partitions: 0, crowded: [] }
  const { partitions, now } = await listPartitions(pool)
  for (const partition of partitions.filter(({ to }) => isPastRetention(to, now, days))) {
    if (signal?.aborted) break
    const became = await dropOne(pool, partition, days)
    if (became === 'dropped') dropped.partitions += 1
    if (became === 'crowded') dropped.crowded.push(partition)
  }
  return dropped
}

async function dropOne(pool: Pool, partition: Partition, days: number): Promise<'dropped' | 'crowded' | 'busy'> {
  const tables = [DEFAULT_PARTITION, partition].flatMap(({ executions, attempts }) => [executions, attempts])
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (await isCrowded(pool, partition, days)) return 'crowded'
    const done = await alone(pool, `only executions, only attempts, ${tables.join(', ')}`, (client) =>
      drop(client, partition, days),
    )
    if (done !== 'busy') return 'dropped'
    if (tries < TRIES) await sleep(PAUSE_MS)
  }
  return 'busy'
}

/** What stays of a partition, each kind found by an index of its own that holds little else. */
const staying = (partition: string, columns: string, days: string) => `
  select ${columns} from ${partition} where finished_at is null
  union all select ${columns} from ${partition} where dead_at is not null
  union all select ${columns} from ${partition}
    where ${IS_LATE} and finished_at >= now() - make_interval(days => ${days}) and dead_at is null`

async function isCrowded(pool: Pool, { executions }: Partition, days: number): Promise<boolean> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from (select from (${staying(executions, 'id', '$1')}) as s limit $2) as counted`,
    [days, MOST_MOVED + 1],
  )
  return (rows[0]?.count ?? 0) > MOST_MOVED
}

async function drop(client: PoolClient, partition: Partition, days: number): Promise<void> {
  const { executions, attempts } = partition
  await lookUpOneByOne(client)
  await client.query(`alter table executions detach partition ${executions}`)
  await client.query(`alter table attempts detach partition ${attempts}`)
  // Named one by one: a partition need not have them in the order of the others.
  const all = await columnsOf(client, 'executions')
  const { rows } = await client.query<{ id: string; scheduled_for: Date }>(
    `insert into executions (${all}) ${staying(executions, all, '$1')} returning id, scheduled_for`,
    [days],
  )
  const ofThem = await columnsOf(client, 'attempts')
  await client.query(
    `insert into attempts (${ofThem}) select ${ofThem} from unnest($1::uuid[], $2::timestamptz[]) as i(id, at)
     join ${attempts} a on a.execution_id = i.id and a.scheduled_for = i.at`,
    [rows.map(({ id }) => id), rows.map((row) => row.scheduled_for)],
  )
  await client.query(`drop table ${executions}, ${attempts}`)
}

async function columnsOf(client: PoolClient, table: string): Promise<string> {
  const { rows } = await client.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  )
  return rows[0]?.columns ?? ''
}
