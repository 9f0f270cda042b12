import type { ExecutionReason, ExecutionState } from './execution.ts'
import type { SimulatedExecution } from './simulated-execution.ts'

/** What a simulation comes to, in occurrences. */
export interface SimulationSummary {
  states: Partial<Record<ExecutionState, number>>
  reasons: Partial<Record<ExecutionReason, number>>
  /** Those with an attempt. */
  sent: number
  /** How long after its effective time the first attempt of one began, at the most; ms, null when none was sent. */
  latestMs: number | null
  /** The most attempts that were in flight at once. */
  overlapping: number
}

export function summaryOf(timeline: readonly SimulatedExecution[], overlapping: number): SimulationSummary {
  const summary: SimulationSummary = { states: {}, reasons: {}, sent: 0, latestMs: null, overlapping }
  for (const { state, reason, count, attempts, startedAt, effectiveAt } of timeline) {
    summary.states[state] = (summary.states[state] ?? 0) + count
    if (reason !== null) summary.reasons[reason] = (summary.reasons[reason] ?? 0) + count
    if (attempts > 0) summary.sent += 1
    if (startedAt !== null) summary.latestMs = Math.max(summary.latestMs ?? 0, startedAt - effectiveAt)
  }
  return summary
}
