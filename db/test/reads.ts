import { onTestFinished } from 'vitest'
import { createPool, type Pool } from '../src/client.ts'

/** A pool with a worker's plans, of one connection: it is asked for its own counters. */
export function oneSteady(databaseUrl: string): Pool {
  const pool = createPool(databaseUrl, { max: 1, steadyPlans: true })
  onTestFinished(() => pool.end())
  return pool
}

/** Rows and entries of indexes of each table, with all its partitions, that `run` reads over the only connection of `pool`. */
export async function readsOf(pool: Pool, run: () => Promise<unknown>): Promise<(table: string) => number> {
  const counted = async (): Promise<Map<string, number>> => {
    await pool.query('select pg_stat_force_next_flush()')
    // Each relation on its own: of a partitioned table the partitions are what is read.
    const { rows } = await pool.query<{ table: string; reads: number }>(
      `select regexp_replace(t.relname, '_(\\d{8}|default|common)$', '') as table,
         sum(t.seq_tup_read + coalesce(t.idx_tup_fetch, 0) + coalesce(i.read, 0))::int as reads
       from pg_stat_user_tables t
       left join lateral (select sum(idx_tup_read) as read from pg_stat_user_indexes where relid = t.relid) as i on true
       group by 1`,
    )
    return new Map(rows.map((row) => [row.table, row.reads]))
  }
  const before = await counted()
  await run()
  const after = await counted()
  return (table) => (after.get(table) ?? 0) - (before.get(table) ?? 0)
}
