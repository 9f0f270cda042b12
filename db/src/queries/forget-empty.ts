import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'

/** By statement_timeout, by lock_timeout, and where another does the same. */
const LOCKED = ['57014', '55P03', '40P01']

/**
 * Takes back what an `analyze` has found of partitions that were empty then, by hand or by a job of every night: the planner takes
 * such a one for a table that stays empty, so that once it fills, a look-up by its key may as well read all of it. Without statistics it is
 * supposed to have ten pages. From PostgreSQL 18 on; those before have nothing for it.
 */
export async function forgetEmpty(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name
     from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
     where i.inhparent in ('executions'::regclass, 'attempts'::regclass) and c.reltuples = 0
       and to_regprocedure('pg_clear_relation_stats(text,text)') is not null`,
  )
  for (const { schema, name } of rows) {
    try {
      await transaction(pool, async (client) => {
        await client.query(`set local lock_timeout = '200ms'`)
        await client.query('select pg_clear_relation_stats($1, $2)', [schema, name])
      })
    } catch (error) {
      // Somebody is at it; there is another turn in an hour.
      if (!LOCKED.includes((error as { code?: string }).code ?? '')) throw error
    }
  }
}
