import type { PoolClient } from './client.ts'

/**
 * Items are inserted and deleted all the time, and next to none are left: a share of those is no measure. Each fetch walks over
 * what dead ones have left at the low end of its index.
 */
const STORAGE =
  'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0'

/** Has the tables of pg-boss's items vacuumed as often as they need it. Settings only: the tables are pg-boss's own. */
export async function vacuumItemsOften(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'pgboss.job'::regclass and not coalesce(c.reloptions, '{}') && array['autovacuum_vacuum_threshold=1000']`,
  )
  for (const { name } of rows) await client.query(`alter table ${name} set (${STORAGE})`)
}
