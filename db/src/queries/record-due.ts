import { plan } from '@scheduler/core/planner'
import type { Blackout, JobState } from '@scheduler/core/schedule'
import type { PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { insertLedger } from './insert-ledger.ts'
import { jobStates, taggedBlackouts } from './job-states.ts'
import { dueRowsOf, type LedgerRow } from './ledger-rows.ts'
import { pauseRows, planPause } from './plan-pause.ts'
import { policiesOf } from './policies-of.ts'

/**
 * Records what a job named up to now and no dispatcher has come to yet, before the job is deleted or given another
 * schedule: every occurrence ends in the ledger. What a pause left out becomes its row. Of an active job, what was to be
 * sent is sent all the same (`send`: the dispatchers take it up, one that waits for its jitter at its effective time), or
 * recorded as cancelled.
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
  const state = (await jobStates(client, [job]))(job)
  const blackouts = (await taggedBlackouts(client, [job]))(job)
  const { rows, cancel } = dueRows(job, now, options.graceSeconds, state, blackouts)
  for (const row of rows) {
    if (row.state !== 'queued' && row.state !== 'waiting') continue
    if (options.send) {
      if (row.state === 'queued') Object.assign(row, { state: 'waiting', nextAttemptAt: row.effectiveAt })
    } else Object.assign(row, { state: 'cancelled', reason: 'deleted', nextAttemptAt: null, behind: false })
  }
  if (cancel && options.send) await cancelUnfinished(client, [job.id], now)
  await insertLedger(client, null, rows, now)
}

function dueRows(
  job: JobRow,
  now: Date,
  graceSeconds: number,
  state: JobState,
  blackouts: Blackout[],
): { rows: LedgerRow[]; cancel: boolean } {
  try {
    if (job.status === 'paused') {
      const planned = planPause(job, now.getTime(), { missed: 'skip', graceSeconds, state, blackouts })
      return { rows: pauseRows(job, planned), cancel: false }
    }
    const policies = policiesOf(job, graceSeconds, blackouts)
    const planned = plan(job.schedule, policies, job.cursorAt.getTime(), now.getTime(), state)
    const { next } = planned
    // Its nominal time has passed, its jitter has not.
    if (next && next.nominal <= now.getTime()) planned.send.push({ ...next, behind: false })
    return { rows: dueRowsOf(job, planned), cancel: planned.cancel }
  } catch {
    return { rows: [], cancel: false }
  }
}
