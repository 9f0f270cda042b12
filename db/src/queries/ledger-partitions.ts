import type { Pool, PoolClient } from '../client.ts'
import { transaction } from '../transaction.ts'

/** A pair of partitions, one of `executions` and one of `attempts`: their names end alike. */
export interface Partition {
  executions: string
  attempts: string
  /** Where it ends. */
  to: Date
}

/** The pair that takes what belongs to no other: what is older or younger than all of them. */
export const DEFAULT_PARTITION = { executions: 'executions_default', attempts: 'attempts_default' } as const

/**
 * Executions and attempts that are moved from one partition to another, at the most: they are moved while everybody waits. A
 * thousand of them take 5 ms, these a second.
 */
export const MOST_MOVED = 200_000

/** How long whoever wants the ledger to itself waits for it, and lets others wait behind it, ms. */
const LOCK_MS = 200

/** How long it may keep it, ms: all that it does, together. */
const HOLD_MS = 5_000

/** How long it waits for another who makes or drops partitions, ms: less than a client waits for an answer. */
const TURN_MS = 8_000

/** Any constant will do, as long as nobody else in this database uses it. */
const PARTITION_LOCK = 7_305_814

/** The partitions, the oldest first, without the default ones, and the database's time. */
export async function listPartitions(on: Statements): Promise<{ partitions: Partition[]; now: Date }> {
  const { rows } = await on.query<{ executions: string | null; to: Date; now: Date }>(
    // The bound is read in the words in which this session writes a time.
    `select p.executions, p.to, now() as now from (select) as one left join (
       select c.relname as executions,
         substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \\('([^']+)'\\)$$)::timestamptz as to
       from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'executions'::regclass) as p
     on p.to is not null order by p.to`,
  )
  const partitions = rows.flatMap(({ executions, to }) =>
    executions === null ? [] : [{ executions, attempts: executions.replace(/^executions/, 'attempts'), to }],
  )
  return { partitions, now: rows[0]?.now ?? new Date(Number.NaN) }
}

/** What sends statements: a pool, one of its clients, or what `alone` gives its work. */
export interface Statements {
  query<Row extends object>(text: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>
}

interface Alone {
  /** Tables that are wanted as they are, by others too, in `share update exclusive`: an ANALYZE of them is waited for. */
  steady?: string
  /** Tables that nobody else may use. */
  tables: string
  /** How long it may keep them, ms. */
  holdMs?: number | undefined
  /** How long it waits for its turn, ms. */
  turnMs?: number
}

/**
 * Does `work` in a transaction that has the given tables to itself, and returns what it does; `busy` when others have them too
 * long, `long` when the work would have. Whoever wants one of them meanwhile waits: a statement that names the ledger locks all
 * of its partitions.
 *
 * One caller at a time. The tables are locked in the order in which settles and claims come to them.
 */
export async function alone<T>(
  pool: Pool,
  { steady, tables, holdMs = HOLD_MS, turnMs = TURN_MS }: Alone,
  work: (statements: Statements) => Promise<T>,
): Promise<T | 'busy' | 'long'> {
  let has = false
  try {
    return await transaction(pool, async (client) => {
      await client.query(`set local statement_timeout = ${turnMs}`)
      await client.query('select pg_advisory_xact_lock($1)', [PARTITION_LOCK])
      // Of the whole statement: a lock_timeout would count for each table anew.
      await client.query(`set local statement_timeout = ${LOCK_MS}`)
      if (steady) await client.query(`lock table ${steady} in share update exclusive mode`)
      await client.query(`lock table ${tables} in access exclusive mode`)
      has = true
      return await work(within(client, performance.now() + holdMs))
    })
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (TIMEOUTS.includes(code)) return has ? 'long' : 'busy'
    if (code === DEADLOCK) return 'busy'
    throw error
  }
}

/** Sends statements that have, each, what is left until `deadline`. */
function within(client: PoolClient, deadline: number): Statements {
  return {
    async query<Row extends object>(text: string, values?: unknown[]) {
      // 0 would be no limit at all.
      const left = Math.max(1, Math.floor(deadline - performance.now()))
      await client.query(`set local statement_timeout = ${left}`)
      return await client.query<Row>(text, values)
    },
  }
}

/** By statement_timeout, and by lock_timeout where the database has one. */
const TIMEOUTS = ['57014', '55P03']

const DEADLOCK = '40P01'
