import type { PoolClient } from '../client.ts'

/** Entries of one tag that may be read: they come without an order, and only all at once. A few bytes each. */
const MOST_ENTRIES = 100_000

/** Whether so few jobs have a tag, as far as the database's statistics tell, that its index serves. Nothing is read for it. */
export async function isFewEntries(client: PoolClient, tag: string): Promise<boolean> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
    'explain (format json) select from jobs where tags @> array[$1::text]',
    [tag],
  )
  const [estimate] = rows[0]?.['QUERY PLAN'] ?? []
  return estimate !== undefined && estimate.Plan['Plan Rows'] <= MOST_ENTRIES
}
