import type { ExecutionReason } from '@scheduler/core/execution'

/** What an execution in flight says once a person has asked to cancel it, and what it ends as unless its attempt succeeds. */
export const BY_HAND = 'cancelled_by_hand' satisfies ExecutionReason

/**
 * The reason of an execution that ends as cancelled by a request that came while its attempt was in flight: a person's is the
 * reason that it has, a newer execution's leaves none.
 */
export const cancelledAs = (row: string): string =>
  `case when ${row}.reason = '${BY_HAND}' then ${row}.reason else 'superseded'::execution_reason end`

/** The same of a row that was read. */
export const reasonOfCancelled = (reason: ExecutionReason | null): ExecutionReason =>
  reason === BY_HAND ? reason : 'superseded'
