import { getTableName, is, type Table } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import * as schema from '../../schema/index.ts'
import { listPartitions } from '../ledger-partitions.ts'
import { bySql, type Finding, type Invariant } from './invariant.ts'

interface Expected {
  table: string
  name: string
}

const tables = Object.values(schema).filter((it) => is(it, PgTable))

/** The constraints and the indexes that the schema of this version has. */
const expected = {
  constraints: tables.flatMap((table) => {
    const { checks, uniqueConstraints, primaryKeys, columns } = getTableConfig(table)
    const names = [...checks, ...uniqueConstraints].flatMap(({ name }) => name ?? [])
    const key = primaryKeys.map((it) => it.getName())
    const ofColumn = columns.some(({ primary }) => primary) ? [`${getTableName(table)}_pkey`] : []
    return named(table, [...names, ...key, ...ofColumn])
  }),
  indexes: tables.flatMap((table) =>
    named(
      table,
      getTableConfig(table).indexes.flatMap(({ config }) => config.name ?? []),
    ),
  ),
}

function named(table: Table, names: string[]): Expected[] {
  return names.map((name) => ({ table: getTableName(table), name }))
}

const missing =
  (what: 'constraint' | 'index', of: Expected[], there: string): Invariant['find'] =>
  async (client, most) => {
    const { rows } = await client.query<Finding>(
      `select x.name as of, format('the table %s has no ${what} %s', x.of, x.name) as what
       from unnest($1::text[], $2::text[]) as x(of, name) where not exists (${there}) order by 1 limit $3`,
      [of.map((it) => it.table), of.map((it) => it.name), most],
    )
    return rows
  }

const OURS = `('public'::regnamespace, 'pgboss'::regnamespace)`

/** What the tables themselves must be, so that what must never be false cannot be written; all by the catalogue. */
export const storage: Invariant[] = [
  {
    name: 'constraints there',
    holds:
      'The constraints of this version are on its tables: one execution of an occurrence, no final state without its end.',
    level: 'fail',
    cost: 'little',
    next: 'Without it the database refuses nothing of the kind. Add it as db/migrations has it; if the schema is older than this version, run pnpm db:migrate.',
    find: missing(
      'constraint',
      expected.constraints,
      'select from pg_constraint c where c.conname = x.name and c.conrelid = to_regclass(x.of)',
    ),
  },
  {
    name: 'constraints valid',
    holds: 'Each constraint holds for all rows, those of before it was added too.',
    level: 'fail',
    cost: 'little',
    next: 'alter table … validate constraint …: what it refuses breaks it.',
    async find(client, most) {
      const { rows } = await client.query<{ knows: boolean }>(
        `select current_setting('server_version_num')::int >= 180000 as knows`,
      )
      // There a constraint may also be and not be enforced.
      const isEnforced = rows[0]?.knows ? 'c.conenforced' : 'true'
      const { rows: found } = await client.query<Finding>(
        `select c.conname::text as of, format('the constraint %s of %s is not %s', c.conname, c.conrelid::regclass,
           case when c.convalidated then 'enforced' else 'validated' end) as what
         from pg_constraint c where c.connamespace in ${OURS} and not (c.convalidated and ${isEnforced}) limit $1`,
        [most],
      )
      return found
    },
  },
  {
    name: 'indexes there',
    holds: 'The indexes of this version are on its tables.',
    level: 'fail',
    cost: 'little',
    next: 'What goes by it reads tables from end to end. Make it as db/migrations has it (create index); if the schema is older than this version, run pnpm db:migrate.',
    find: missing(
      'index',
      expected.indexes,
      'select from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname = x.name and i.indrelid = to_regclass(x.of)',
    ),
  },
  {
    name: 'indexes valid',
    holds: 'Each index, of each partition too, is complete and used.',
    level: 'fail',
    cost: 'little',
    next: 'An index that was being built when that was broken off: reindex index concurrently …, or drop it and make it anew. Of a partitioned table: a partition lacks it.',
    find: bySql(
      `select i.indexrelid::regclass::text as of,
         format('the index %s of %s is not valid', i.indexrelid::regclass, i.indrelid::regclass) as what
       from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace in ${OURS} and not (i.indisvalid and i.indisready and i.indislive)
         -- One that is being built at this moment will be.
         and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
       limit $1`,
    ),
  },
  {
    name: 'partitions ahead',
    holds: 'The ledger has a partition for tomorrow.',
    level: 'warn',
    cost: 'little',
    next: 'Workers make it, when they start and every hour: see their log for "ledger not partitioned" and "ledger too busy to be partitioned". What is dispatched goes into executions_default meanwhile.',
    async find(client) {
      const { partitions, now } = await listPartitions(client)
      const end = partitions.at(-1)?.to ?? null
      if (end && end.getTime() > now.getTime() + 86_400_000) return []
      return [{ of: 'executions', what: end ? `the last partition ends at ${end.toISOString()}` : 'there is none' }]
    },
  },
  {
    name: 'default partition without the present',
    holds: 'What is dispatched now goes into a partition of its time, not into the default one.',
    level: 'warn',
    cost: 'little',
    next: 'Nothing is lost, but it is deleted row by row instead of dropped, and partitions of its time cannot be made before it is moved. Restart a worker: it makes the partition that is wanting.',
    find: bySql(
      `select id::text as of, format('execution %s of job %s is in executions_default', id, job_id) as what
       from executions_default where scheduled_for > now() - interval '1 day' order by scheduled_for limit $1`,
    ),
  },
]
