import type { Statements } from './ledger-partitions.ts'

/**
 * Makes the transaction look executions up one by one, by id and `scheduled_for`, as a worker's connections do anyway. Of a lookup
 * in a partitioned ledger the planner counts what it would cost in each of the partitions, though it goes to one: for a few
 * hundred executions it would sooner read the whole ledger.
 */
export async function lookUpOneByOne(on: Statements): Promise<void> {
  await on.query(
    `select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)`,
  )
}
