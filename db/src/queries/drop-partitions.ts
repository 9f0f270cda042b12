import { setTimeout as sleep } from 'node:timers/promises'
import { isPastRetention } from '@scheduler/core/ledger-partitions'
import type { Pool } from '../client.ts'
import { IS_LATE } from '../schema/executions.ts'
import {
  alone,
  DEFAULT_PARTITION,
  listPartitions,
  MOST_MOVED,
  type Partition,
  type Statements,
} from './ledger-partitions.ts'
import { lookUpOneByOne } from './look-up.ts'

/** How often one that is busy is tried, and the time between, ms. The next run of pruning goes on. */
const TRIES = 5
const PAUSE_MS = 1_000

/** What became of the partitions that are past retention. */
export interface Dropped {
  partitions: number
  /** Those that hold too much that stays: they are to be emptied row by row. */
  crowded: Partition[]
  /** Those that the database would not drop, and why: they are as they were. */
  failed: { partition: Partition; error: unknown }[]
}

/**
 * Drops the partitions of the ledger all of whose time is more than `days` ago, the oldest first. What must stay goes into the
 * default partition with its attempts, in the same transaction: what is unfinished, dead letters, and what finished lately.
 *
 * Meanwhile nobody else uses the ledger: whoever was about to change an execution that is moved finds it where it is now. So
 * the partition is dropped only when few of its executions stay, and when it is to be had at once. One that can't be dropped
 * keeps none of the others.
 *
 * @param holdMs how long it may have the ledger to itself
 */
export async function dropPartitions(
  pool: Pool,
  days: number,
  signal?: AbortSignal,
  holdMs?: number,
): Promise<Dropped> {
  const dropped: Dropped = { partitions: 0, crowded: [], failed: [] }
  const { partitions, now } = await listPartitions(pool)
  for (const partition of partitions.filter(({ to }) => isPastRetention(to, now, days))) {
    if (signal?.aborted) break
    try {
      const became = await dropOne(pool, partition, days, holdMs)
      if (became === 'dropped') dropped.partitions += 1
      if (became === 'crowded') dropped.crowded.push(partition)
    } catch (error) {
      dropped.failed.push({ partition, error })
    }
  }
  return dropped
}

async function dropOne(
  pool: Pool,
  partition: Partition,
  days: number,
  holdMs?: number,
): Promise<'dropped' | 'crowded' | 'busy'> {
  const tables = [DEFAULT_PARTITION, partition].flatMap(({ executions, attempts }) => [executions, attempts])
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (await isCrowded(pool, partition, days)) return 'crowded'
    const done = await alone(pool, { tables: `only executions, only attempts, ${tables.join(', ')}`, holdMs }, (on) =>
      drop(on, partition, days),
    )
    // Not again: everybody would wait as long another time, for as little.
    if (done === 'long') return 'crowded'
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
    `select coalesce(sum(1 + attempt), 0)::float as count
     from (select attempt from (${staying(executions, 'attempt', '$1')}) as s limit $2) as counted`,
    [days, MOST_MOVED + 1],
  )
  return (rows[0]?.count ?? 0) > MOST_MOVED
}

async function drop(on: Statements, partition: Partition, days: number): Promise<void> {
  const { executions, attempts } = partition
  await lookUpOneByOne(on)
  await on.query(`alter table executions detach partition ${executions}`)
  await on.query(`alter table attempts detach partition ${attempts}`)
  // Named one by one: a partition need not have them in the order of the others.
  const all = await columnsOf(on, 'executions')
  const { rows } = await on.query<{ id: string; scheduled_for: Date }>(
    `insert into executions (${all}) ${staying(executions, all, '$1')} returning id, scheduled_for`,
    [days],
  )
  const ofThem = await columnsOf(on, 'attempts')
  await on.query(
    `insert into attempts (${ofThem}) select ${ofThem} from unnest($1::uuid[], $2::timestamptz[]) as i(id, at)
     join ${attempts} a on a.execution_id = i.id and a.scheduled_for = i.at`,
    [rows.map(({ id }) => id), rows.map((row) => row.scheduled_for)],
  )
  await on.query(`drop table ${executions}, ${attempts}`)
}

async function columnsOf(on: Statements, table: string): Promise<string> {
  const { rows } = await on.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  )
  return rows[0]?.columns ?? ''
}
