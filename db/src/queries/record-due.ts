import { plan } from '@scheduler/core/planner'
import type { PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { insertLedger } from './insert-ledger.ts'
import { dueRowsOf, type LedgerRow } from './ledger-rows.ts'
import { pauseRows, planPause } from './plan-pause.ts'
import { policiesOf } from './policies-of.ts'

/**
 * Records what a job named up to now and no dispatcher has come to yet, before the job is deleted or given another
 * schedule: every occurrence ends in the ledger. What a pause left out becomes its row. Of an active job, what was to be sent is sent all the same (`send`: the
 * dispatchers take it up, one that waits for its jitter at its effective time), or recorded as cancelled.
 *
 * A job whose schedule can't be computed has nothing to record; it is not to stop its own deletion.
 */
export async function recordDue(
  client: PoolClient,
  job: JobRow,
  now: Date,
  options: { graceSeconds: number; send: boolean },
): Promise<void> {
  const isDue = job.nextScheduledFor !== null && job.nextScheduledFor <= now
  if (job.status !== 'paused' && !isDue) return
  const rows = dueRows(job, now, options.graceSeconds)
  for (const row of rows) {
    if (row.state !== 'queued') continue
    row.state = options.send ? 'waiting' : 'cancelled'
    row.reason = options.send ? null : 'deleted'
    row.nextAttemptAt = options.send ? row.effectiveAt : null
  }
  await insertLedger(client, null, rows, now)
}

function dueRows(job: JobRow, now: Date, graceSeconds: number): LedgerRow[] {
  try {
    if (job.status === 'paused') {
      const { send, skipped } = planPause(job, now.getTime(), { missed: 'skip', graceSeconds })
      return pauseRows(job, send, skipped)
    }
    const planned = plan(job.schedule, policiesOf(job, graceSeconds), job.cursorAt.getTime(), now.getTime())
    const { next } = planned
    // Its nominal time has passed, its jitter has not.
    if (next && next.nominal <= now.getTime()) planned.send.push(next)
    return dueRowsOf(job, planned)
  } catch {
    return []
  }
}
