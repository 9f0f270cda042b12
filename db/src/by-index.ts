import type { Pool, PoolClient } from './client.ts'
import { NOT_PLANNED } from './pool.ts'
import { transaction } from './transaction.ts'

const set = (value: 'off' | 'default') => NOT_PLANNED.map((name) => `set local ${name} = ${value}`).join('; ')

/**
 * Runs reads, each of which has an index that gives its rows in the order they are wanted in, under plans that go by it. Left to
 * itself the planner takes a table that was never analyzed, or a filter that it expects to match often, for one that is
 * better read from end to end and sorted.
 */
export async function readByIndex<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return await transaction(pool, work, `begin read only; ${set('off')}`)
}

/** The same within a transaction that goes on under its own plans. */
export async function byIndex<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  await client.query(set('off'))
  const result = await work()
  await client.query(set('default'))
  return result
}

/** For what is found by a bitmap of index entries: tags have no other way. */
export async function byBitmap<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  await client.query('set local enable_seqscan = off; set local enable_bitmapscan = on')
  const result = await work()
  await client.query('set local enable_bitmapscan = off')
  return result
}
