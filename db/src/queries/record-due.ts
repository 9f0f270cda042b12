import { setImmediate as nextTurn } from 'node:timers/promises'
import { overlap } from '@scheduler/core/overlap'
import { plan } from '@scheduler/core/planner'
import type { Blackout, JobState, Occurrence, Policies } from '@scheduler/core/schedule'
import type { PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { insertLedger } from './insert-ledger.ts'
import { jobStates, taggedBlackouts } from './job-states.ts'
import { dueRowsOf, type LedgerRow } from './ledger-rows.ts'
import { pauseRows, planPause } from './plan-pause.ts'
import { policiesOf } from './policies-of.ts'

/** What a job's clock is once everything up to now is recorded. */
export interface RecordedDue {
  cursorAt: Date
  runs: number
}

/**
 * Records what a job named up to now and no dispatcher has come to yet, before the job is deleted or changed in what it
 * names: every occurrence ends in the ledger. What a pause left out becomes its row, what a blackout or a gap left out so far
 * becomes theirs. Of an active job, what was to be sent is sent all the same (`send`: the dispatchers take it up, one that
 * waits for its jitter at its effective time), or recorded as cancelled.
 *
 * A job whose schedule can't be computed has nothing to record; it is not to stop its own deletion.
 */
export async function recordDue(
  client: PoolClient,
  job: JobRow,
  now: Date,
  options: { graceSeconds: number; send: boolean },
): Promise<RecordedDue> {
  const unchanged = { cursorAt: job.cursorAt, runs: job.runs }
  if (job.status !== 'paused' && job.status !== 'active') return unchanged
  const state = (await jobStates(client, [job]))(job)
  const blackouts = (await taggedBlackouts(client, [job]))(job)
  const { rows, cancel, recorded } = dueRows(job, now, options.graceSeconds, state, blackouts)
  if (options.send) sendLater(rows)
  else cancelAll(rows)
  if (cancel && options.send) await cancelUnfinished(client, [job.id], now)
  await insertLedger(client, null, rows, now)
  return recorded ?? unchanged
}

/** The same for many jobs that are deleted, in as many statements as for one. Lets others have their turn between jobs. */
export async function recordAllDue(client: PoolClient, jobs: JobRow[], now: Date, graceSeconds: number): Promise<void> {
  const naming = jobs.filter(({ status }) => status === 'paused' || status === 'active')
  const state = await jobStates(client, naming)
  const blackouts = await taggedBlackouts(client, naming)
  const all: LedgerRow[] = []
  for (const job of naming) {
    const { rows } = dueRows(job, now, graceSeconds, state(job), blackouts(job))
    cancelAll(rows)
    all.push(...rows)
    await nextTurn()
  }
  await insertLedger(client, null, all, now)
}

const toBeSent = (rows: LedgerRow[]) => rows.filter(({ state }) => state === 'queued' || state === 'waiting')

function sendLater(rows: LedgerRow[]): void {
  for (const row of toBeSent(rows)) {
    if (row.state === 'queued') Object.assign(row, { state: 'waiting', nextAttemptAt: row.effectiveAt })
  }
}

function cancelAll(rows: LedgerRow[]): void {
  for (const row of toBeSent(rows)) {
    Object.assign(row, { state: 'cancelled', reason: 'deleted', nextAttemptAt: null, behind: false })
  }
}

interface Due {
  rows: LedgerRow[]
  cancel: boolean
  /** Null when it can't be computed. */
  recorded: RecordedDue | null
}

function dueRows(job: JobRow, now: Date, graceSeconds: number, state: JobState, blackouts: Blackout[]): Due {
  try {
    if (job.status === 'paused') {
      const planned = planPause(job, now.getTime(), { missed: 'skip', graceSeconds, state, blackouts })
      return { rows: pauseRows(job, planned), cancel: false, recorded: recordedBy(planned) }
    }
    const policies = policiesOf(job, graceSeconds, blackouts)
    const planned = plan(job.schedule, policies, job.cursorAt.getTime(), now.getTime(), state)
    const { next } = planned
    // Its nominal time has passed, its jitter has not.
    const jittered = next && next.nominal <= now.getTime() ? [next] : []
    const { rows, sent } = lastOf(job, jittered, policies, {
      ...state,
      runs: planned.runs,
      live: (planned.cancel ? 0 : state.live) + planned.send.filter((it) => !it.behind).length,
      behind: (planned.cancel ? 0 : state.behind) + planned.send.filter((it) => it.behind).length,
    })
    const cursor = Math.max(planned.cursor, ...jittered.map((it) => it.nominal))
    return {
      rows: [...dueRowsOf(job, planned), ...rows],
      cancel: planned.cancel,
      recorded: recordedBy({ cursor, runs: planned.runs + sent }),
    }
  } catch {
    return { rows: [], cancel: false, recorded: null }
  }
}

/** What becomes of the one that waits for its jitter: the policies hold for it as for those before. */
function lastOf(job: JobRow, jittered: Occurrence[], { overlap: policy, maxRuns }: Policies, state: JobState) {
  if (state.runs >= (maxRuns ?? Infinity)) return { rows: [], sent: 0 }
  // What would be cancelled for it is under way already, or has just been recorded: it waits for that.
  const { send, skipped } = overlap(policy === 'cancel_running' ? 'queue_all' : policy, jittered, state)
  const unsent = skipped.map(({ nominal }) => ({
    ...{ reason: 'overlap_skipped' as const, first: nominal, last: nominal },
    count: 1,
  }))
  return { rows: dueRowsOf(job, { send, unsent }), sent: send.length }
}

const recordedBy = ({ cursor, runs }: { cursor: number; runs: number }): RecordedDue => ({
  cursorAt: new Date(cursor),
  runs,
})
