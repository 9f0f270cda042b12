import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { expect, onTestFinished } from 'vitest'
import { emptyDatabase } from '../test/empty-database.ts'
import { partitionNames } from '../test/partitions.ts'
import { begin, test, untilBlocked } from '../test/queue.ts'
import { createPool, type Pool } from './client.ts'
import { applyMigrations } from './migrate.ts'
import { transaction } from './transaction.ts'

/** Brings an empty database to the schema of before the ledger was partitioned. */
async function migrateUntilPartitions(pool: Pool): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-migrations-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(fileURLToPath(new URL('../migrations', import.meta.url)), folder, { recursive: true })
  const file = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(file, 'utf8'))
  const last = journal.entries.findIndex(
    ({ tag }: { tag: string }) => tag.endsWith('_storage') && tag !== '0001_storage',
  )
  writeFileSync(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, last) }))
  await migrate(drizzle({ client: pool }), { migrationsFolder: folder })
}

const fill = (pool: Pool) =>
  pool.query(`
    insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at, destination)
    select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'succeeded', 1, at, at, at, at, ''
    from generate_series(0, 999) n, lateral (select now() - n * interval '1 hour' as at);
    insert into attempts (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
    select id, scheduled_for, 1, 'succeeded', now(), now(), 1, id from executions`)

const shapes = `
  select c.relname as name, i.relname as index, pg_get_indexdef(i.oid) as definition, conname as constraint_name
  from pg_class c join pg_index x on x.indrelid = c.oid join pg_class i on i.oid = x.indexrelid
  left join pg_constraint k on k.conindid = i.oid and k.conrelid = c.oid
  where c.relname in ('executions', 'attempts') order by 1, 2`

test('a ledger of before becomes the first partition as it lies, and the next ones follow it', async ({ pool }) => {
  const url = await emptyDatabase()
  const own = createPool(url)
  onTestFinished(() => own.end())
  await migrateUntilPartitions(own)
  await fill(own)
  const files = async (name: string) =>
    (await own.query('select pg_relation_filenode($1) as file', [name])).rows[0].file
  const before = [await files('executions'), await files('executions_by_time'), await files('attempts')]

  await applyMigrations(url)

  expect([
    await files('executions_first'),
    await files('executions_first_by_time'),
    await files('attempts_first'),
  ]).toEqual(before)
  const tomorrow = new Date(Math.floor(Date.now() / 86_400_000 + 1) * 86_400_000).toISOString().slice(0, 10)
  const names = await partitionNames(own)
  expect(names[0]).toBe('executions_first')
  expect(names[1]).toBe(`executions_${tomorrow.replaceAll('-', '')}`)
  const { rows } = await own.query(`select tableoid::regclass::text as place, count(*)::int from executions group by 1`)
  expect(rows).toEqual([{ place: 'executions_first', count: 1_000 }])
  expect((await own.query('select count(*)::int from attempts_first')).rows).toEqual([{ count: 1_000 }])
  expect((await own.query(shapes)).rows).toEqual((await pool.query(shapes)).rows)
  const invalid = 'select from pg_index where not indisvalid union all select from pg_constraint where not convalidated'
  expect((await own.query(invalid)).rowCount).toBe(0)
})

test('the ledger belongs to whom it belonged before, and so do its partitions; who might use it may', async ({
  pool,
}) => {
  const [owner, reader] = [`owner_${randomBytes(4).toString('hex')}`, `reader_${randomBytes(4).toString('hex')}`]
  for (const role of [owner, reader]) {
    await pool.query(`create role ${role}`)
    onTestFinished(async () => void (await pool.query(`drop role ${role}`)))
  }
  const url = await emptyDatabase()
  const own = createPool(url)
  onTestFinished(() => own.end())
  await migrateUntilPartitions(own)
  await fill(own)
  await own.query(`grant all on schema public to ${owner}`)
  for (const ledger of ['executions', 'attempts']) {
    await own.query(`alter table ${ledger} owner to ${owner}`)
    await own.query(`grant select on ${ledger} to ${reader}`)
    await own.query(`grant insert on ${ledger} to ${reader} with grant option`)
  }

  await applyMigrations(url)

  const owners = await own.query(
    `select distinct pg_get_userbyid(relowner) as owner from pg_class
     where oid in ('executions'::regclass, 'attempts'::regclass) or relispartition and relkind = 'r' and relnamespace = 'public'::regnamespace`,
  )
  expect(owners.rows).toEqual([{ owner }])
  for (const ledger of ['executions', 'attempts']) {
    const { rows } = await own.query(
      `select has_table_privilege($1, $2, 'select') as reads, has_table_privilege($1, $2, 'insert with grant option') as gives,
         has_table_privilege($1, $2, 'delete') as deletes`,
      [reader, ledger],
    )
    expect(rows).toEqual([{ reads: true, gives: true, deletes: false }])
  }
})

test.for(['executions', 'attempts', 'jobs'])(
  'while a migration waits for a vacuum of %s, nobody waits for the migration',
  async (vacuumed) => {
    const url = await emptyDatabase()
    const own = createPool(url)
    onTestFinished(() => own.end())
    await migrateUntilPartitions(own)
    await fill(own)
    const vacuum = await begin(own)
    // As a vacuum has it; only that one is asked to give way by who waits for it.
    await vacuum.query(`lock table ${vacuumed} in share update exclusive mode`)
    const migrating = applyMigrations(url)
    await untilBlocked(own, 1)

    await transaction(own, async (client) => {
      for (const table of ['executions', 'attempts', 'jobs']) {
        await client.query(`lock table ${table} in row exclusive mode nowait`)
      }
    })

    await vacuum.query('commit')
    await migrating
    expect((await own.query('select from executions')).rowCount).toBe(1_000)
  },
)
