import type { AttemptOutcome } from './execution.ts'
import type { Range } from './recurrence.ts'

/** A stretch of time in which the receiver fails; `status` 0: it does not answer. */
export interface SimulatedFailure extends Range {
  status: number
}

export interface SimulatedReceiver {
  /** How long it takes to answer, ms. */
  latencyMs: number
  /** The first that holds the instant at which an attempt begins counts; outside of all it answers 200. */
  failures: readonly SimulatedFailure[]
}

/** How an attempt ends, and when: ms since 1970. */
export interface Answered {
  outcome: Extract<AttemptOutcome, 'succeeded' | 'rejected' | 'timed_out'>
  status: number | null
  at: number
}

/** What becomes of an attempt that begins at an instant. */
export function answerOf({ latencyMs, failures }: SimulatedReceiver, timeoutMs: number, begun: number): Answered {
  const status = failures.find(({ from, to }) => from <= begun && begun < to)?.status ?? 200
  if (status === 0 || latencyMs > timeoutMs) return { outcome: 'timed_out', status: null, at: begun + timeoutMs }
  const outcome = status >= 200 && status < 300 ? 'succeeded' : 'rejected'
  return { outcome, status, at: begun + latencyMs }
}
