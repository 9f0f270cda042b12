import type { PoolClient } from './client.ts'

/**
 * Items are inserted and deleted all the time, and next to none are left: a share of those is no measure. Each fetch walks over
 * what dead ones have left at the low end of its index.
 */
const ITEMS =
  'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0'

/** Has the tables of pg-boss's items vacuumed as often as they need it. Settings only: the tables are pg-boss's own. */
async function vacuumItemsOften(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'pgboss.job'::regclass and not coalesce(c.reloptions, '{}') && array['autovacuum_vacuum_threshold=1000']`,
  )
  for (const { name } of rows) await client.query(`alter table ${name} set (${ITEMS})`)
}

/** Without its usual pauses, which 0001_storage takes from it, a pass takes a whole core while callbacks are due. */
async function vacuumJobsGently(client: PoolClient): Promise<void> {
  const { rowCount } = await client.query(
    `select from pg_class where oid = 'jobs'::regclass and 'autovacuum_vacuum_cost_delay=0' = any(reloptions)`,
  )
  if (rowCount) await client.query('alter table jobs reset (autovacuum_vacuum_cost_delay)')
}

/**
 * How tables are vacuumed, where it can't be a migration: a setting waits for a vacuum of its table, for a second as a rule, and
 * everybody would wait for the locks of the migrations' transaction meanwhile. One against wraparound does not give way: then it is
 * left to the next call.
 */
export async function setVacuum(client: PoolClient): Promise<void> {
  for (const set of [vacuumItemsOften, vacuumJobsGently]) {
    await set(client).catch((error: { code?: string }) => {
      if (error.code !== '55P03') throw error
    })
  }
}
