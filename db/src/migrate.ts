import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { createDb, createPool, type PoolClient } from './client.ts'
import { makePartitions } from './queries/make-partitions.ts'
import { installQueue } from './queue.ts'
import { hasSession, NoSession } from './session.ts'
import { setVacuum } from './vacuum-settings.ts'

const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

/** Any constant will do, as long as nobody else in this database uses it. */
const MIGRATION_LOCK = 7_305_810

/** Tables that autovacuum is at again and again, in the order in which all others lock them. */
const VACUUMED = ['executions', 'attempts', 'jobs', 'events', 'notifications']

/**
 * Begins the transaction of migrations that are pending, by having the tables to itself as far as vacuuming goes. Whoever is at it is
 * waited for, a second as a rule, and nobody waits behind; a migration that is the first to wait, for the whole table, has everybody
 * wait for that second.
 */
async function keepVacuumAway(client: PoolClient): Promise<void> {
  const done = await client.query<{ there: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as there`,
  )
  if (!done.rows[0]?.there) return
  const { rows: last } = await client.query<{ at: string | null }>(
    'select max(created_at) as at from drizzle.__drizzle_migrations',
  )
  const pending = readMigrationFiles({ migrationsFolder }).some((it) => it.folderMillis > Number(last[0]?.at))
  if (!pending) return
  // The migrator's own BEGIN is only warned about then, and its COMMIT is of both.
  await client.query('begin')
  const { rows } = await client.query<{ name: string }>(
    'select name from unnest($1::text[]) with ordinality as t(name, n) where to_regclass(name) is not null order by n',
    [VACUUMED],
  )
  if (rows.length === 0) return
  await client.query(`lock table ${rows.map(({ name }) => name).join(', ')} in share update exclusive mode`)
}

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
      await keepVacuumAway(client)
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
