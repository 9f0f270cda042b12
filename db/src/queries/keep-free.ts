import type { PartitionRange } from '@scheduler/core/ledger-partitions'
import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'
import { alone, DEFAULT_PARTITION, type Statements } from './ledger-partitions.ts'

/** What constraints are called that keep a range out of the default partition. They are there while its partition is made. */
export const KEPT_FREE = 'kept_free_'

/** How long it may take to see that a default partition has nothing of the range, ms. Nobody waits for it. */
const LOOK_MS = 600_000

const DEFAULTS = Object.values(DEFAULT_PARTITION)

/**
 * Keeps a range out of the default partition, and sees that it has nothing of it: PostgreSQL otherwise reads all of it when the
 * range gets its partition, while nobody else can use the ledger. Here others go on meanwhile.
 *
 * For a range that is a good while ahead only: what is dispatched for it is refused until it has its partition. It does what it
 * can; where it could not, the default partition is read after all.
 */
export async function keepFree(pool: Pool, range: PartitionRange): Promise<void> {
  const [from, to] = [range.from.toISOString(), range.to.toISOString()]
  const name = `${KEPT_FREE}${from.slice(0, 10)}_${to.slice(0, 10)}`.replaceAll('-', '')
  try {
    if (await hasAny(pool, range)) return
    await alone(pool, { tables: DEFAULTS.join(', ') }, async (on) => {
      // Another may be about to make the same one.
      const there = (await constraints(on)).filter((it) => it.name === name).map(({ on: table }) => table)
      for (const table of DEFAULTS.filter((it) => !there.includes(it))) {
        await on.query(
          `alter table ${table} add constraint ${name} check (scheduled_for < '${from}' or scheduled_for >= '${to}') not valid`,
        )
      }
    })
    for (const table of DEFAULTS) await validate(pool, table, name)
  } catch (error) {
    if (!EXPECTED.includes((error as { code?: string }).code ?? '')) throw error
  }
}

/** Lets in again what was kept out. Locks nothing where nothing was. */
export async function letIn(pool: Pool): Promise<void> {
  if ((await constraints(pool)).length > 0) await alone(pool, { tables: DEFAULTS.join(', ') }, letInAtOnce)
}

/** For who has the default partition to itself. */
export async function letInAtOnce(on: Statements): Promise<void> {
  for (const { on: table, name } of await constraints(on)) {
    await on.query(`alter table ${table} drop constraint if exists ${name}`)
  }
}

/** Timeouts, rows that came meanwhile, and that somebody else has made the partition and let all in again. */
const EXPECTED = ['57014', '55P03', '23514', '42704']

async function hasAny(pool: Pool, { from, to }: PartitionRange): Promise<boolean> {
  const { rows } = await pool.query<object>(
    'select from executions_default where scheduled_for >= $1 and scheduled_for < $2 limit 1',
    [from, to],
  )
  return rows.length > 0
}

async function constraints(on: Statements): Promise<{ on: string; name: string }[]> {
  const { rows } = await on.query<{ on: string; name: string }>(
    `select conrelid::regclass::text as on, conname as name from pg_constraint
     where conrelid = any($1::regclass[]) and starts_with(conname, $2) order by 1 desc, 2`,
    [DEFAULTS, KEPT_FREE],
  )
  return rows
}

async function validate(pool: Pool, table: string, name: string): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(`set local statement_timeout = ${LOOK_MS}`)
    await client.query(`set local lock_timeout = '2s'`)
    // Of the client, which the driver's types do not know.
    const statement = { text: `alter table ${table} validate constraint ${name}`, query_timeout: LOOK_MS }
    await client.query(statement)
  })
}
