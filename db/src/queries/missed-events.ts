import type { NewEvent } from './events.ts'
import type { LedgerRow } from './ledger-rows.ts'

/** Occurrences of a job that were missed. */
export type Missed = Pick<LedgerRow, 'jobId' | 'scheduledFor' | 'scheduledUntil' | 'count'>

/**
 * One event for each job of a pass that has missed occurrences, past their grace when a dispatcher came to them, and of
 * which somebody is told: the job's own URL, or the instance's (`all`).
 */
export function missedEvents(
  due: readonly { id: string; notifies: boolean }[],
  ledger: readonly LedgerRow[],
  all: boolean,
  now: Date,
): NewEvent[] {
  const told = new Set(due.filter(({ notifies }) => all || notifies).map(({ id }) => id))
  if (told.size === 0) return []
  return eventsOf(
    ledger.filter((row) => row.reason === 'missed_grace' && told.has(row.jobId)),
    now,
  )
}

/** One event for each job that has missed occurrences. */
export function eventsOf(missed: readonly Missed[], now: Date): NewEvent[] {
  return [...Map.groupBy(missed, (row) => row.jobId)].map(([jobId, rows]) => {
    const first = Math.min(...rows.map((row) => row.scheduledFor.getTime()))
    const last = Math.max(...rows.map((row) => (row.scheduledUntil ?? row.scheduledFor).getTime()))
    const count = rows.reduce((sum, row) => sum + row.count, 0)
    const data = { first: new Date(first).toISOString(), last: new Date(last).toISOString(), count }
    return { type: 'execution.missed', jobId, at: now, data }
  })
}
