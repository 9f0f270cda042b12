import type { ExecutionReason, ExecutionState } from './execution.ts'
import type { Unsent } from './misfire.ts'
import type { Send } from './overlap.ts'

/** A row of the ledger as a simulation leaves it. All instants are in ms since 1970. */
export interface SimulatedExecution {
  /** Nominal; of a run of occurrences that were not sent, the first. */
  scheduledFor: number
  /** The last of a run; null for a single occurrence. */
  scheduledUntil: number | null
  count: number
  effectiveAt: number
  state: ExecutionState
  reason: ExecutionReason | null
  /** Requests made, those that were lost with their workers included. */
  attempts: number
  /** Those of them that failed and count against the retries. */
  failures: number
  /** When the first attempt began. */
  startedAt: number | null
  /** When the state became final. */
  finishedAt: number | null
}

export function executionOf({ nominal, effective, behind }: Send): SimulatedExecution {
  return {
    scheduledFor: nominal,
    scheduledUntil: null,
    count: 1,
    effectiveAt: effective,
    state: behind ? 'waiting' : 'queued',
    reason: behind ? 'overlap_queued' : null,
    attempts: 0,
    failures: 0,
    startedAt: null,
    finishedAt: null,
  }
}

export function unsentOf({ reason, first, last, count }: Unsent, now: number): SimulatedExecution {
  return {
    scheduledFor: first,
    scheduledUntil: count > 1 ? last : null,
    count,
    effectiveAt: first,
    state: reason === 'expired' ? 'expired' : 'skipped',
    reason: reason === 'expired' ? 'missed_grace' : reason,
    attempts: 0,
    failures: 0,
    startedAt: null,
    finishedAt: now,
  }
}
