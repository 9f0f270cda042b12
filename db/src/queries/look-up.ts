import type { PoolClient } from '../client.ts'

/**
 * Makes the transaction look executions up one by one, by id and `scheduled_for`, as a worker's connections do anyway. Of a lookup
 * in a partitioned ledger the planner counts what it would cost in each of the partitions, though it goes to one: for a few
 * hundred executions it would sooner read the whole ledger.
 */
export async function lookUpOneByOne(client: PoolClient): Promise<void> {
  await client.query('set local enable_seqscan = off')
  await client.query('set local enable_hashjoin = off')
  await client.query('set local enable_mergejoin = off')
}
