import { expect, onTestFinished } from 'vitest'
import { test } from '../test/database.ts'
import { emptyDatabase } from '../test/empty-database.ts'
import { createPool, type Pool } from './client.ts'
import { applyMigrations } from './migrate.ts'

/** Without partitions by the day, of which each day has others. */
async function schemaOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select format('%s.%s %s %s', table_schema, table_name, column_name, data_type) as line
     from information_schema.columns join pg_class on oid = format('%I.%I', table_schema, table_name)::regclass
     where table_schema in ('public', 'pgboss') and not (table_schema = 'public' and relispartition)
       and table_name !~ '_\\d{8}$' order by 1`,
  )
  return rows.map((row) => row.line)
}

test('when four processes migrate an empty database at once, all succeed, and it is done once', async ({ pool }) => {
  const url = await emptyDatabase()

  await Promise.all([1, 2, 3, 4].map(() => applyMigrations(url)))

  const own = createPool(url)
  const done = 'select count(*)::int as count, count(distinct hash)::int as different from drizzle.__drizzle_migrations'
  const { rows } = await own.query(done)
  expect(rows[0].count).toBeGreaterThan(0)
  expect(rows[0].count).toBe(rows[0].different)
  expect(await schemaOf(own)).toEqual(await schemaOf(pool))
  await own.end()
}, 60_000)

test('migrating a database that is up to date changes nothing, and keeps what is in it', async ({
  databaseUrl: url,
  pool,
}) => {
  await pool.query(`insert into workers (id, hostname, pid, started_at, heartbeat_at)
    values (gen_random_uuid(), 'h', 1, now(), now())`)
  const before = await schemaOf(pool)

  await applyMigrations(url)

  expect(await schemaOf(pool)).toEqual(before)
  expect((await pool.query('select hostname from workers')).rows).toEqual([{ hostname: 'h' }])
})

test('tables that are filled and emptied all the time are vacuumed by count, pg-boss items too', async ({ pool }) => {
  const { rows } = await pool.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
     where reloptions @> '{autovacuum_vacuum_scale_factor=0,autovacuum_vacuum_threshold=1000}' order by 1`,
  )
  expect(rows.map(({ name }) => name)).toEqual(['events', 'flow_slots', 'pgboss.job_common'])
})

test('vacuum of jobs has its usual pauses; where one is under way that does not give way, migrating leaves that to the next time', async ({
  databaseUrl: url,
  pool,
}) => {
  const options = async () =>
    (await pool.query<{ reloptions: string[] }>(`select reloptions from pg_class where oid = 'jobs'::regclass`)).rows[0]
  expect(await options()).toEqual({ reloptions: ['fillfactor=80', 'autovacuum_vacuum_scale_factor=0.04'] })
  await pool.query('alter table jobs set (autovacuum_vacuum_cost_delay = 0)')
  const vacuum = await pool.connect()
  onTestFinished(() => vacuum.release(true))
  await vacuum.query('begin')
  await vacuum.query('lock table jobs in share update exclusive mode')

  await applyMigrations(url)
  expect((await options())?.reloptions).toContain('autovacuum_vacuum_cost_delay=0')
  await vacuum.query('rollback')

  await applyMigrations(url)
  expect((await options())?.reloptions).toHaveLength(2)
}, 40_000)

test('migrating leaves no lock and no session behind', async ({ databaseUrl: url, pool }) => {
  await applyMigrations(url)

  const locks = async () => {
    const { rows } = await pool.query(`select from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`)
    return rows
  }
  // The server ends a session some moments after its client is gone.
  await expect.poll(locks).toEqual([])
})
