import { type PartitionRange, partitionsToMake } from '@scheduler/core/ledger-partitions'
import type { Pool } from '../client.ts'
import { forgetEmpty } from './forget-empty.ts'
import { keepFree, letIn, letInAtOnce } from './keep-free.ts'
import { alone, DEFAULT_PARTITION, listPartitions, MOST_MOVED, type Statements } from './ledger-partitions.ts'

const DAY_MS = 86_400_000

/** What lies so far ahead is not dispatched while its partition is made, nor before the next tries of some hours, ms. */
const AHEAD_MS = DAY_MS / 4

/**
 * Settings of every partition, which are not inherited. `0004_storage.sql` gives the default ones the same. Vacuum has its usual
 * delays here: no claim waits for it, and unhindered a pass and its analysis take a core, for longer the more there is: 1.2 s
 * at three million executions, about once a minute at 1,900 callbacks a second (`bench/README.md`, soak).
 */
const EXECUTIONS_STORAGE =
  'fillfactor = 85, autovacuum_vacuum_scale_factor = 0.04, autovacuum_vacuum_insert_scale_factor = 0.1'
const ATTEMPTS_STORAGE = 'autovacuum_vacuum_insert_scale_factor = 0.1'

/**
 * Makes the partitions of the ledger that are wanting: there is to be one of now and one after it. Returns their names, and
 * whether some could not be made since the ledger was too busy: there is no haste, the default partition takes what has none.
 *
 * Any number of callers may do it at once; who finds nothing to do locks nothing.
 *
 * @param holdMs how long it may have the default partition to itself
 */
export async function makePartitions(
  pool: Pool,
  retentionDays: number,
  holdMs?: number,
): Promise<{ made: string[]; busy: boolean }> {
  const made: string[] = []
  let most = MOST_MOVED
  for (;;) {
    const [range] = await wanting(pool, retentionDays)
    if (!range) break
    const name = await makeOne(pool, retentionDays, range, { most, holdMs })
    if (name === 'busy' || (name === 'long' && most === 0)) return { made, busy: true }
    // It was too much to be moved, or to be looked through: no more than what is to come, then.
    if (name === 'long') most = 0
    else if (name) made.push(name)
  }
  await letIn(pool)
  await forgetEmpty(pool)
  return { made, busy: false }
}

async function makeOne(
  pool: Pool,
  retentionDays: number,
  wanted: PartitionRange,
  { most, holdMs }: { most: number; holdMs?: number | undefined },
) {
  const { now } = await listPartitions(pool)
  const ahead = now.getTime() + AHEAD_MS
  const range = most === 0 ? notBefore(ahead, wanted) : wanted
  try {
    if (range.from.getTime() >= ahead) await keepFree(pool, range)
    const { executions, attempts } = DEFAULT_PARTITION
    // The partitioned tables before the default one: who analyzes them is waited for with nobody behind.
    const tables = { steady: 'only executions, only attempts', tables: `${executions}, ${attempts}`, holdMs }
    return await alone(pool, tables, async (on) => {
      // Asked again: another may have made it meanwhile.
      const [still] = await wanting(on, retentionDays)
      const name = still?.from.getTime() === wanted.from.getTime() ? await makePartition(on, range, most) : null
      await letInAtOnce(on)
      return name
    })
  } finally {
    // Whatever happened; and what a process that was killed has left.
    await letIn(pool)
  }
}

/** What a range has from the first midnight after `time` on; at least that day. */
function notBefore(time: number, { from, to }: PartitionRange): PartitionRange {
  if (from.getTime() >= time) return { from, to }
  const begin = Math.ceil(time / DAY_MS) * DAY_MS
  return { from: new Date(begin), to: new Date(Math.max(to.getTime(), begin + DAY_MS)) }
}

async function wanting(on: Statements, retentionDays: number): Promise<PartitionRange[]> {
  const { partitions, now } = await listPartitions(on)
  return partitionsToMake(partitions.at(-1)?.to ?? null, now, retentionDays)
}

/** Makes a partition, and takes what it is for out of the default one, where it can't be any longer. */
export async function makePartition(
  client: Statements,
  { from, to }: PartitionRange,
  most = MOST_MOVED,
): Promise<string> {
  // The range of attempts has no index, and a worker's connections otherwise walk another one from end to end.
  await client.query('set local enable_seqscan = on')
  const begin = await freeFrom(client, { from, to }, most)
  const end = to > begin ? to : new Date(begin.getTime() + DAY_MS)
  const suffix = begin.toISOString().slice(0, 10).replaceAll('-', '')
  // Executions first: where there are none, there are no attempts, which only reading all of them could tell.
  let moved = Number.POSITIVE_INFINITY
  for (const [ledger, storage] of [
    ['executions', EXECUTIONS_STORAGE],
    ['attempts', ATTEMPTS_STORAGE],
  ] as const) {
    const name = `${ledger}_${suffix}`
    await client.query(`create table ${name} (like ${ledger} including all) with (${storage})`)
    await giveToOwner(client, ledger, name)
    if (moved > 0) {
      const { rowCount } = await client.query(
        `with moved as (delete from ${ledger}_default where scheduled_for >= $1 and scheduled_for < $2 returning *)
         insert into ${name} select * from moved`,
        [begin, end],
      )
      moved = rowCount ?? 0
    }
    const bounds = `from ('${begin.toISOString()}') to ('${end.toISOString()}')`
    await client.query(`alter table ${ledger} attach partition ${name} for values ${bounds}`)
  }
  return `executions_${suffix}`
}

/** Whoever makes a partition, others must be able to drop it: it is the owner's whose the ledger is. */
async function giveToOwner(client: Statements, ledger: string, partition: string): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    `select quote_ident(pg_get_userbyid(ledger.relowner)) as owner from pg_class ledger, pg_class p
     where ledger.oid = $1::regclass and p.oid = $2::regclass and p.relowner <> ledger.relowner`,
    [ledger, partition],
  )
  if (rows[0]) await client.query(`alter table ${partition} owner to ${rows[0].owner}`)
}

/**
 * From when on a partition may begin: where there is more in the default partition than can be moved at once, after the day of
 * the last of it. What lies before stays there, and is deleted row by row in its time.
 */
async function freeFrom(client: Statements, { from, to }: PartitionRange, most: number): Promise<Date> {
  const { rows } = await client.query<{ count: number; last: Date | null }>(
    `select (select coalesce(sum(1 + attempt), 0)::float from (
         select attempt from executions_default where scheduled_for >= $1 and scheduled_for < $2 limit $3) as counted) as count,
       (select scheduled_for from executions_default where scheduled_for >= $1 and scheduled_for < $2
        order by scheduled_for desc limit 1) as last`,
    [from, to, most + 1],
  )
  const { count, last } = rows[0] ?? { count: 0, last: null }
  if (count <= most || !last) return from
  return new Date(Math.floor(last.getTime() / DAY_MS) * DAY_MS + DAY_MS)
}
