import type { Pool } from '@scheduler/db/client'

/** A table, or all partitions of one. */
export interface TableSize {
  name: string
  dead: number
  tableMib: number
  indexMib: number
}

/** The tables that each callback writes to, the largest first. */
export async function hotTables(pool: Pool): Promise<TableSize[]> {
  const { rows } = await pool.query<TableSize>(
    `select coalesce(pg_partition_root(relid), relid)::regclass::text as name, sum(n_dead_tup)::int as dead,
       sum(pg_table_size(relid))::float8 / 1048576 as "tableMib", sum(pg_indexes_size(relid))::float8 / 1048576 as "indexMib"
     from pg_stat_user_tables
     where schemaname = 'public' and relname ~ '^(jobs|executions|attempts)' or schemaname = 'pgboss' and relname ~ '^job_'
     group by 1 order by sum(pg_total_relation_size(relid)) desc limit 5`,
  )
  return rows
}

/** Bytes of these tables and of each of their indexes, the partitions of each counted together, the largest first. */
export async function relationSizes(pool: Pool, tables: string[]): Promise<{ name: string; bytes: number }[]> {
  const { rows } = await pool.query<{ name: string; bytes: number }>(
    `select coalesce(pg_partition_root(c.oid), c.oid)::regclass::text as name,
       sum(case c.relkind when 'i' then pg_relation_size(c.oid) else pg_table_size(c.oid) end)::float8 as bytes
     from pg_class c left join pg_index i on i.indexrelid = c.oid,
       lateral (select coalesce(i.indrelid, c.oid)) as its(relation)
     where coalesce(pg_partition_root(its.relation), its.relation) = any($1::regclass[]) and c.relkind in ('r', 'i')
     group by 1 order by 2 desc, 1`,
    [tables],
  )
  return rows
}
