import { fileURLToPath } from 'node:url'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { createDb, createPool } from './client.ts'
import { makePartitions } from './queries/make-partitions.ts'
import { installQueue } from './queue.ts'
import { hasSession, NoSession } from './session.ts'
import { setVacuum } from './vacuum-settings.ts'

const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

/** Any constant will do, as long as nobody else in this database uses it. */
const MIGRATION_LOCK = 7_305_810

/**
 * Brings the database to this version's schema: ours, pg-boss's, and the queues; and makes the partitions that the ledger wants.
 *
 * Any number of processes may call it at once: an advisory lock lets one in at a time (drizzle's migrator takes none; of
 * four that start on an empty database three fail). A statement that waits for a table longer than 10 s gives up, so
 * that a migration can't queue up behind a long transaction and block everybody else.
 *
 * @param retentionDays how long the ledger is kept
 * @throws NoSession through a pooler in transaction mode, where the lock would stay behind on a connection of the pooler's.
 */
export async function applyMigrations(connectionString: string, retentionDays = 30): Promise<void> {
  const pool = createPool(connectionString, { max: 2, queryMs: 0, name: 'scheduler migrate' })
  try {
    const client = await pool.connect()
    try {
      if (!(await hasSession(client, pool))) throw new NoSession()
      await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
      await client.query(`set lock_timeout = '10s'`)
      // A ledger of before is read and indexed once, and may be of any size.
      await client.query('set statement_timeout = 0')
      await client.query('set idle_in_transaction_session_timeout = 0')
      await migrate(createDb(client), { migrationsFolder })
      await installQueue(connectionString)
      await setVacuum(client)
      // Where the ledger is too busy just now, a worker makes them.
      await makePartitions(pool, retentionDays)
    } finally {
      // Ends the session, and the lock with it.
      client.release(true)
    }
  } finally {
    await pool.end()
  }
}
