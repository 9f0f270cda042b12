import type { ExecutionKind, ExecutionReason, ExecutionState } from '@scheduler/core/execution'
import type { Plan } from '@scheduler/core/planner'
import type { Park } from './begin-attempts.ts'

/** A new row of the ledger, before it has an id. */
export interface LedgerRow {
  jobId: string
  jobVersion: number
  kind: ExecutionKind
  state: Exclude<ExecutionState, 'running' | 'succeeded' | 'failed'>
  reason: ExecutionReason | null
  scheduledFor: Date
  scheduledUntil: Date | null
  count: number
  effectiveAt: Date
  /** When a waiting or parked one is dispatched; null otherwise. */
  nextAttemptAt: Date | null
  /** Whether it waits for the executions of its job before it. */
  behind: boolean
  destination: string
  flowKey: string | null
}

/** The next attempt of an execution that waits for those before it: never, until `promote` says otherwise. */
export const FAR = new Date(Date.UTC(9999, 0))

/** Reason and time of what is dispatched to a destination that has more than it can take. */
export const busy = (now: Date): Park => ({ reason: 'destination_busy', at: new Date(now.getTime() + 60_000) })

/**
 * Leaves at most `most` of a destination's rows `queued`; the others are parked at once instead of on their way through
 * the queue. Returns the destinations that have parked rows.
 */
export function parkOverflow(
  rows: LedgerRow[],
  most: (destination: string) => number,
  overflow: (destination: string, now: Date) => Park,
  now: Date,
): string[] {
  const queued = new Map<string, number>()
  const parked = new Set<string>()
  for (const row of rows) {
    if (row.state !== 'queued') continue
    const count = (queued.get(row.destination) ?? 0) + 1
    queued.set(row.destination, count)
    if (count <= most(row.destination)) continue
    const { reason, at } = overflow(row.destination, now)
    row.state = 'parked'
    row.reason = reason
    row.nextAttemptAt = at
    parked.add(row.destination)
  }
  return [...parked]
}

/** What is special about a row that waits for the executions of its job before it. */
export const inTurn = { state: 'waiting', reason: 'overlap_queued', behind: true, nextAttemptAt: FAR } as const

/** The ledger rows of a plan: one for each occurrence to send, one for each run of unsent ones. */
export function dueRowsOf(
  job: { id: string; version: number; destination: string; flowKey: string | null },
  planned: Pick<Plan, 'send' | 'unsent'>,
): LedgerRow[] {
  const common = {
    jobId: job.id,
    jobVersion: job.version,
    kind: 'schedule',
    destination: job.destination,
    flowKey: job.flowKey,
    nextAttemptAt: null,
    behind: false,
  } as const
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
      ...(occurrence.behind ? inTurn : { state: 'queued', reason: null }),
      scheduledFor: new Date(occurrence.nominal),
      scheduledUntil: null,
      count: 1,
      effectiveAt: new Date(occurrence.effective),
    }),
  )
  return [...unsent, ...sent]
}
