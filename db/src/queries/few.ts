/**
 * Rows of arrays, which the planner takes for one row instead of the ten that it supposes. To look ten up in each partition of a
 * ledger that was analyzed while it was empty seems more to it than to read the ledger whole, and a worker's plans are kept.
 *
 * @param rows such as `unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)`, with a column `scheduled_for`
 */
export const few = (rows: string): string =>
  `(select * from ${rows} where scheduled_for >= '-infinity' and scheduled_for <= 'infinity')`
