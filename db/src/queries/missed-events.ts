import type { NewEvent } from './events.ts'
import type { LedgerRow } from './ledger-rows.ts'

/** One event for each of these jobs that has missed occurrences: they were past their grace when a dispatcher came to them. */
export function missedEvents(ledger: readonly LedgerRow[], jobIds: ReadonlySet<string>, now: Date): NewEvent[] {
  if (jobIds.size === 0) return []
  const missed = ledger.filter((row) => row.reason === 'missed_grace' && jobIds.has(row.jobId))
  return [...Map.groupBy(missed, (row) => row.jobId)].map(([jobId, rows]) => {
    const first = Math.min(...rows.map((row) => row.scheduledFor.getTime()))
    const last = Math.max(...rows.map((row) => (row.scheduledUntil ?? row.scheduledFor).getTime()))
    const count = rows.reduce((sum, row) => sum + row.count, 0)
    const data = { first: new Date(first).toISOString(), last: new Date(last).toISOString(), count }
    return { type: 'execution.missed', jobId, at: now, data }
  })
}
