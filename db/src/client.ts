import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import * as schema from './schema/index.ts'

export type Pool = pg.Pool
export type PoolClient = pg.PoolClient

/** What drizzle queries run on: the pool, or one transaction's client. */
export type Db = NodePgDatabase<typeof schema>

export interface PoolOptions {
  /** Largest number of connections. */
  max?: number
  /** How long a query may wait for a free or new connection, ms. */
  connectMs?: number
  /** How long one statement may take before the client gives it up, ms. */
  queryMs?: number
  /** Shown in `pg_stat_activity`. */
  name?: string
}

/**
 * A pool that survives the database: a lost connection is an error of the query that used it, never of the process, and
 * a connection that went silent (half open) is given up after `queryMs` instead of never.
 */
export function createPool(connectionString: string, options: PoolOptions = {}): Pool {
  const { max = 8, connectMs = 5_000, queryMs = 10_000, name = 'scheduler' } = options
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: name,
    connectionTimeoutMillis: connectMs,
    query_timeout: queryMs,
    statement_timeout: queryMs,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  })
  // Without a listener on the pool *and* on each client a database restart ends the process. The query that was under
  // way is rejected as well, and that is where it is dealt with.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
  return pool
}

function ignore(): void {}

/** Drizzle over the pool, or over one client of it. `casing` must be what drizzle.config.ts says. */
export function createDb(client: Pool | PoolClient): Db {
  return drizzle({ client, schema, casing: 'snake_case' })
}
