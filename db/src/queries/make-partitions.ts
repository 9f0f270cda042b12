import { type PartitionRange, partitionsToMake } from '@scheduler/core/ledger-partitions'
import type { Pool, PoolClient } from '../client.ts'
import { alone, DEFAULT_PARTITION, listPartitions, MOST_MOVED } from './ledger-partitions.ts'

/** Settings of every partition, which are not inherited. `0004_storage.sql` gives the default ones the same. */
const EXECUTIONS_STORAGE =
  'fillfactor = 85, autovacuum_vacuum_scale_factor = 0.04, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0'
const ATTEMPTS_STORAGE = 'autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0'

/**
 * Makes the partitions of the ledger that are wanting: there is to be one of now and one after it. Returns their names, and
 * whether some could not be made since the ledger was too busy: there is no haste, the default partition takes what has none.
 *
 * Any number of callers may do it at once; who finds nothing to do locks nothing.
 */
export async function makePartitions(pool: Pool, retentionDays: number): Promise<{ made: string[]; busy: boolean }> {
  const made: string[] = []
  for (;;) {
    const [range] = await wanting(pool, retentionDays)
    if (!range) return { made, busy: false }
    const { executions, attempts } = DEFAULT_PARTITION
    const name = await alone(pool, `${executions}, ${attempts}`, async (client) => {
      // Asked again: another may have made it meanwhile.
      const [still] = await wanting(client, retentionDays)
      return still ? await makePartition(client, still) : null
    })
    if (name === 'busy') return { made, busy: true }
    if (name) made.push(name)
  }
}

async function wanting(on: Pool | PoolClient, retentionDays: number): Promise<PartitionRange[]> {
  const { partitions, now } = await listPartitions(on)
  return partitionsToMake(partitions.at(-1)?.to ?? null, now, retentionDays)
}

/** Makes a partition, and takes what it is for out of the default one, where it can't be any longer. */
export async function makePartition(client: PoolClient, { from, to }: PartitionRange): Promise<string> {
  // The range of attempts has no index, and a worker's connections otherwise walk another one from end to end.
  await client.query('set local enable_seqscan = on')
  const begin = await freeFrom(client, from, to)
  const end = to > begin ? to : new Date(begin.getTime() + DAY_MS)
  const suffix = begin.toISOString().slice(0, 10).replaceAll('-', '')
  for (const [ledger, storage] of [
    ['executions', EXECUTIONS_STORAGE],
    ['attempts', ATTEMPTS_STORAGE],
  ] as const) {
    const name = `${ledger}_${suffix}`
    await client.query(`create table ${name} (like ${ledger} including all) with (${storage})`)
    await client.query(
      `with moved as (delete from ${ledger}_default where scheduled_for >= $1 and scheduled_for < $2 returning *)
       insert into ${name} select * from moved`,
      [begin, end],
    )
    const bounds = `from ('${begin.toISOString()}') to ('${end.toISOString()}')`
    await client.query(`alter table ${ledger} attach partition ${name} for values ${bounds}`)
  }
  return `executions_${suffix}`
}

const DAY_MS = 86_400_000

/**
 * From when on a partition may begin: where there is more in the default partition than can be moved at once, after the day of
 * the last of it. What lies before stays there, and is deleted row by row in its time.
 */
async function freeFrom(client: PoolClient, from: Date, to: Date): Promise<Date> {
  const { rows } = await client.query<{ count: number; last: Date | null }>(
    `select (select count(*)::int from (
         select from executions_default where scheduled_for >= $1 and scheduled_for < $2 limit $3) as counted) as count,
       (select scheduled_for from executions_default where scheduled_for >= $1 and scheduled_for < $2
        order by scheduled_for desc limit 1) as last`,
    [from, to, MOST_MOVED + 1],
  )
  const { count, last } = rows[0] ?? { count: 0, last: null }
  if (count <= MOST_MOVED || !last) return from
  return new Date(Math.floor(last.getTime() / DAY_MS) * DAY_MS + DAY_MS)
}
