import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Pool, PoolClient } from './pool.ts'
import * as schema from './schema/index.ts'

export { createPool, type Pool, type PoolClient } from './pool.ts'

/** What drizzle queries run on: the pool, or one transaction's client. */
export type Db = NodePgDatabase<typeof schema>

/** Drizzle over the pool, or over one client of it. `casing` must be what drizzle.config.ts says. */
export function createDb(client: Pool | PoolClient): Db {
  return drizzle({ client, schema, casing: 'snake_case' })
}
