import pg from 'pg'
import { writeTogether } from './write-together.ts'

export type Pool = pg.Pool
export type PoolClient = pg.PoolClient

/** What is off on a connection with steady plans. */
export const NOT_PLANNED = [
  'enable_seqscan',
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_bitmapscan',
  'enable_sort',
  'enable_material',
  'jit',
] as const

/** What to do where some settings of steady plans are missing. */
export const NO_STEADY_PLANS =
  'A pooler kept to itself what the worker asks of its connections. Set these in the pooler as docs/scaling.md has them, ' +
  'such as by connect_query, or for a database user of the workers’ own that is a member of the tables’ owner.'

const steadySettings: [name: string, value: string][] = [
  ...NOT_PLANNED.map((name): [string, string] => [name, 'off']),
  ['plan_cache_mode', 'force_generic_plan'],
]

const STEADY_PLANS = steadySettings.map(([name, value]) => `-c ${name}=${value}`).join(' ')

/**
 * Makes the server notice within half a minute that a client's machine is gone; by default it takes two hours, and what
 * the session holds (the leader's lock) is held as long.
 */
export const SERVER_KEEPALIVE = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'

export interface PoolOptions {
  /** Largest number of connections. */
  max?: number
  /** How long a query may wait for a free or new connection, ms. */
  connectMs?: number
  /** How long one statement may take before the client gives it up, ms. */
  queryMs?: number
  /**
   * For the worker's statements, each of which has an index to go by: plans that stay right however the tables grow. A
   * prepared statement keeps the plan of its first days, and that of an empty table is to read it from end to end.
   */
  steadyPlans?: boolean
  /** Shown in `pg_stat_activity`. */
  name?: string
}

/**
 * A pool that survives the database: a lost connection is an error of the query that used it, never of the process, and
 * a connection that went silent (half open) is given up after `queryMs` instead of never.
 */
export function createPool(connectionString: string, options: PoolOptions = {}): Pool {
  const { max = 8, connectMs = 5_000, queryMs = 10_000, steadyPlans = false, name = 'scheduler' } = options
  const pool = new pg.Pool({
    connectionString,
    max,
    // Statements that don't need each other's answers go together: what is measured in round trips takes fewer of them.
    pipeline: true,
    application_name: name,
    options: steadyPlans ? `${SERVER_KEEPALIVE} ${STEADY_PLANS}` : SERVER_KEEPALIVE,
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
  pool.on('connect', (client) => {
    client.on('error', ignore)
    writeTogether((client as unknown as { connection: pg.Connection }).connection.stream)
  })
  return pool
}

/** Which settings of steady plans the pool's connections lack: none, unless a pooler has kept what the client asked for to itself. */
export async function unsteadySettings(pool: Pick<Pool | PoolClient, 'query'>): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select name from unnest($1::text[], $2::text[]) as s(name, value) where current_setting(name) <> value',
    [steadySettings.map(([name]) => name), steadySettings.map(([, value]) => value)],
  )
  return rows.map(({ name }) => name)
}

function ignore(): void {}
