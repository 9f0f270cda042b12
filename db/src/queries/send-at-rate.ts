import { FAR, type LedgerRow } from './ledger-rows.ts'

/** Executions a second, where a resume or a backfill does not say. */
export const DEFAULT_RATE = 10

/**
 * Spreads what is sent late on purpose: the first now, the others one after the other, so many a second. Those that wait
 * for the executions before them keep waiting, and go no sooner than in their turn.
 */
export function sendAtRate(rows: LedgerRow[], now: Date, perSecond = DEFAULT_RATE): void {
  let turn = 0
  for (const row of rows) {
    if (row.state !== 'queued' && row.state !== 'waiting') continue
    const at = new Date(now.getTime() + Math.round((turn * 1_000) / perSecond))
    turn += 1
    if (turn > 1) row.effectiveAt = at
    if (row.behind) row.nextAttemptAt = FAR
    else if (turn > 1) {
      row.state = 'waiting'
      row.nextAttemptAt = at
    }
  }
}
