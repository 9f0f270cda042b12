import { partitionDays, partitionsToMake } from '@scheduler/core/ledger-partitions'
import { createPool, type Pool } from '../src/client.ts'
import { listPartitions } from '../src/queries/ledger-partitions.ts'
import { makePartition } from '../src/queries/make-partitions.ts'
import { transaction } from '../src/transaction.ts'

const RETENTION_DAYS = 30
const WIDTH_MS = partitionDays(RETENTION_DAYS) * 86_400_000

/** Makes the partitions of a month ago until now: the ledger as it is when the service has run for as long as it keeps it. */
export async function fillRetention(url: string): Promise<void> {
  const pool = createPool(url, { max: 1 })
  const [current] = partitionsToMake(null, new Date(), RETENTION_DAYS)
  const end = current?.from.getTime() ?? 0
  const ago = [1, 2, 3, 4, 5, 6, 7].map((n) => new Date(end - n * WIDTH_MS))
  await transaction(pool, async (client) => {
    for (const from of ago) await makePartition(client, { from, to: new Date(from.getTime() + WIDTH_MS) })
  })
  await pool.end()
}

/** As autovacuum does it, which leaves tables alone that nobody has changed. */
export async function analyzeLedger(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent in ('executions'::regclass, 'attempts'::regclass) and pg_relation_size(inhrelid) > 0`,
  )
  for (const { name } of rows) await pool.query(`analyze ${name}`)
}

const DAY_MS = 86_400_000

/** Makes a partition of four days that ended so many days ago. Returns its name. */
export async function partitionOf(pool: Pool, endedDaysAgo: number): Promise<{ name: string; from: Date; to: Date }> {
  const to = new Date((Math.floor(Date.now() / DAY_MS) - endedDaysAgo) * DAY_MS)
  const from = new Date(to.getTime() - 4 * DAY_MS)
  return { name: await transaction(pool, (client) => makePartition(client, { from, to })), from, to }
}

/** The partitions of the ledger by name, the oldest first. */
export async function partitionNames(pool: Pool): Promise<string[]> {
  return (await listPartitions(pool)).partitions.map(({ executions }) => executions)
}
