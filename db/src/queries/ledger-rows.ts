import type { ExecutionKind, ExecutionReason, ExecutionState } from '@scheduler/core/execution'
import type { Plan } from '@scheduler/core/planner'

/** A new row of the ledger, before it has an id. */
export interface LedgerRow {
  jobId: string
  jobVersion: number
  kind: ExecutionKind
  state: Extract<ExecutionState, 'queued' | 'skipped' | 'expired'>
  reason: ExecutionReason | null
  scheduledFor: Date
  scheduledUntil: Date | null
  count: number
  effectiveAt: Date
  destination: string
}

/** The ledger rows of a plan: one for each occurrence to send, one for each run of unsent ones. */
export function dueRowsOf(job: { id: string; version: number; destination: string }, planned: Plan): LedgerRow[] {
  const common = { jobId: job.id, jobVersion: job.version, kind: 'schedule', destination: job.destination } as const
  const unsent = planned.unsent.map((run): LedgerRow => {
    const expired = run.reason === 'expired'
    return {
      ...common,
      state: expired ? 'expired' : 'skipped',
      reason: run.reason === 'expired' ? 'missed_grace' : run.reason,
      scheduledFor: new Date(run.first),
      scheduledUntil: run.count > 1 ? new Date(run.last) : null,
      count: run.count,
      effectiveAt: new Date(run.first),
    }
  })
  const sent = planned.send.map(
    (occurrence): LedgerRow => ({
      ...common,
      state: 'queued',
      reason: null,
      scheduledFor: new Date(occurrence.nominal),
      scheduledUntil: null,
      count: 1,
      effectiveAt: new Date(occurrence.effective),
    }),
  )
  return [...unsent, ...sent]
}
