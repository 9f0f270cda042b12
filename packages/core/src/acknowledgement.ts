import { type AttemptOutcome, type ExecutionState, finalStates } from './execution.ts'
import type { ReceiverAction } from './receiver-url.ts'

/** How long after its beginning an attempt may be acknowledged at the most, however often its receiver says it goes on. */
const LONGEST_MS = 86_400_000

/** Until when a receiver may say how its work ended, which answered 202, or said that it goes on, at `now`; ms since 1970. */
export function ackDeadline(now: number, timeoutSeconds: number, beganAt: number): number {
  return Math.min(now + timeoutSeconds * 1_000, beganAt + LONGEST_MS)
}

/** What is known of an execution, and of the attempt that it is at, when its receiver says something of an attempt. */
export interface Standing {
  state: ExecutionState
  attempt: number
  /** Null before the 202 has been written down. */
  ackDeadlineAt: number | null
  /** How that attempt ended; null while it is not written down. */
  outcome: AttemptOutcome | null
  error: string | null
  now: number
}

/**
 * What a receiver's word on an attempt comes to: it is carried out; it says again what was carried out before; the
 * execution is at a later attempt; or it comes too late.
 *
 * It may come before the 202 has been written down, and even before that was sent: the attempt is then in flight. Of an attempt
 * that was lost with its worker it counts as long as no other has begun, since it spares that.
 */
export function judge(
  action: ReceiverAction,
  attempt: number,
  standing: Standing,
): 'carry_out' | 'repeated' | 'older_attempt' | 'expired' {
  const { state, outcome, error, ackDeadlineAt, now } = standing
  if (attempt !== standing.attempt) return 'older_attempt'
  if (action === 'ack' && state === 'succeeded') return 'repeated'
  if (action === 'nack' && outcome === 'rejected' && error === NACK) return 'repeated'
  if (isFinal(state) || !isUndecided(outcome)) return 'expired'
  if (ackDeadlineAt !== null && now > ackDeadlineAt) return 'expired'
  // Another attempt is to come, for which this one can't ask for time.
  if (action === 'heartbeat' && state !== 'running') return 'expired'
  return 'carry_out'
}

/** What an attempt says whose receiver said that its work failed; and one whose receiver did not say anything in time. */
export const NACK = 'nack'
export const ACK_TIMEOUT = 'ack_timeout'

const isFinal = (state: ExecutionState): boolean => (finalStates as readonly ExecutionState[]).includes(state)

const isUndecided = (outcome: AttemptOutcome | null): boolean =>
  outcome === null || outcome === 'accepted' || outcome === 'abandoned'
