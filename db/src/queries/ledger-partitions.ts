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

/** Rows that are moved from one partition to another, at the most: they are moved while everybody waits. */
export const MOST_MOVED = 5_000

/** How long whoever wants the ledger to itself waits for it, and lets others wait behind it, ms. */
const LOCK_MS = 200

/** How long it may keep it, ms. */
const HOLD_MS = 5_000

/** Any constant will do, as long as nobody else in this database uses it. */
const PARTITION_LOCK = 7_305_814

/** The partitions, the oldest first, without the default ones, and the database's time. */
export async function listPartitions(on: Pool | PoolClient): Promise<{ partitions: Partition[]; now: Date }> {
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

/**
 * Does `work` in a transaction that has the given tables to itself, and returns what it does; `busy` when others have them too
 * long. Whoever wants one of them meanwhile waits: a statement that names the ledger locks all of its partitions.
 *
 * One caller at a time. The tables are locked in the order in which settles and claims come to them.
 */
export async function alone<T>(
  pool: Pool,
  tables: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T | 'busy'> {
  try {
    return await transaction(pool, async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [PARTITION_LOCK])
      // Of the whole statement: a lock_timeout would count for each table anew.
      await client.query(`set local statement_timeout = ${LOCK_MS}`)
      await client.query(`lock table ${tables} in access exclusive mode`)
      await client.query(`set local statement_timeout = ${HOLD_MS}`)
      return await work(client)
    })
  } catch (error) {
    if (isTimeout(error)) return 'busy'
    throw error
  }
}

/** Of the lock, by either of its limits, or of what was to be done under it. */
const isTimeout = (error: unknown): boolean => ['57014', '55P03'].includes((error as { code?: string }).code ?? '')
