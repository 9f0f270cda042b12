import { ACK_TIMEOUT, type NACK } from '@scheduler/core/acknowledgement'
import { type Retry, retryOf, type StoredDelivery } from '@scheduler/core/delivery'
import type { AttemptOutcome, ExecutionReason } from '@scheduler/core/execution'
import { afterFailure } from '@scheduler/core/retry'
import type { PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import type { ExecutionRow } from '../schema/executions.ts'
import type { JobRow } from '../schema/jobs.ts'
import { reasonOfCancelled } from './cancelled-as.ts'
import { executionFailed, executionSucceeded, type NewEvent, recordEvents } from './events.ts'
import { writeLate } from './write-late.ts'

/** A locked execution, the attempt of which ends after its answer: by its receiver's word, or for want of it. */
export type Late = Pick<
  ExecutionRow,
  | (
      | 'id'
      | 'jobId'
      | 'jobVersion'
      | 'kind'
      | 'state'
      | 'reason'
      | 'attempt'
      | 'scheduledFor'
      | 'createdAt'
      | 'failures'
      | 'firstAttemptAt'
    )
  | ('claimedAt' | 'claimedBy' | 'cancelRequestedAt' | 'redrivenAt' | 'ackDeadlineAt')
>

/** The columns of one, of `executions e`. */
export const LATE_COLUMNS = `e.id, e.job_id as "jobId", e.job_version as "jobVersion", e.kind, e.state, e.reason, e.attempt,
  e.scheduled_for as "scheduledFor", e.created_at as "createdAt", e.failures, e.first_attempt_at as "firstAttemptAt",
  e.claimed_at as "claimedAt", e.claimed_by as "claimedBy", e.cancel_requested_at as "cancelRequestedAt",
  e.redriven_at as "redrivenAt", e.ack_deadline_at as "ackDeadlineAt"`

/** How such an attempt ends. */
export type Ending =
  | { outcome: 'succeeded' }
  | {
      outcome: Extract<AttemptOutcome, 'rejected' | 'timed_out'>
      error: typeof NACK | typeof ACK_TIMEOUT
      /** What the receiver says about it. */
      head: string | null
      /** Whether it may be attempted again, and the least time until then, ms. */
      retry: boolean
      retryAfterMs: number | null
    }

export const TIMED_OUT = {
  ...{ outcome: 'timed_out', error: ACK_TIMEOUT, head: null },
  ...{ retry: true, retryAfterMs: null },
} as const satisfies Ending

/** What becomes of its execution. */
export interface Ended extends Late {
  to: 'succeeded' | 'failed' | 'waiting' | 'cancelled'
  reason: ExecutionReason | null
  nextAttemptAt: Date | null
  failuresAfter: number
  /** Whether executions of its job may wait for it. */
  recurring: boolean
}

type Job = Pick<JobRow, 'id' | 'type' | 'status' | 'pausedAt' | 'deletedAt' | 'nextRunAt' | 'failedInRow'> & {
  delivery: StoredDelivery | null
}

/**
 * Ends attempts after their answers; the rows must be locked, in order of id or such that nobody is waited for. Everything that
 * an acknowledgement, its refusal or its absence leads to is written here.
 *
 * Jobs are read after their executions are locked, as a claim does: an edit, a pause or a delete that was answered before is seen.
 */
export async function endLate(client: PoolClient, rows: Late[], ending: Ending, now: Date): Promise<Ended[]> {
  if (rows.length === 0) return []
  const { rows: jobs } = await client.query<Job>({
    name: 'jobs-of-late',
    text: `
      select id, type, status, paused_at as "pausedAt", deleted_at as "deletedAt", next_run_at as "nextRunAt", delivery,
        failed_in_row as "failedInRow"
      from jobs where id = any($1::uuid[])`,
    values: [[...new Set(rows.map((row) => row.jobId))]],
  })
  const byId = new Map(jobs.map((job) => [job.id, job]))
  // In order of id, as a settle writes attempts, so that the two can't block each other.
  const sorted = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const ended = sorted.map((row) => endOf(row, byId.get(row.jobId), ending, now))
  await writeLate(client, ended, ending, now)
  const failing = (it: Ended) => (byId.get(it.jobId)?.failedInRow ?? 0) > 0
  await recordEvents(
    client,
    ended.flatMap((it) => eventOf(it, ending, failing(it), now) ?? []),
  )
  const [soonest] = ended.flatMap((it) => it.nextAttemptAt ?? []).sort((a, b) => a.getTime() - b.getTime())
  if (soonest) await notifyDue(client, soonest, now)
  return ended
}

function endOf(row: Late, job: Job | undefined, ending: Ending, now: Date): Ended {
  const base = { ...row, nextAttemptAt: null, failuresAfter: row.failures, recurring: job?.type !== 'once' }
  if (ending.outcome === 'succeeded') return { ...base, to: 'succeeded', reason: null }
  if (row.cancelRequestedAt) return { ...base, to: 'cancelled', reason: reasonOfCancelled(row.reason) }
  const failed = { ...base, failuresAfter: row.failures + 1, reason: ending.outcome }
  const at = nextAttempt(row, retryOf(job?.delivery ?? null), job, ending, now)
  if (at === null) return { ...failed, to: 'failed' }
  const refused = refusal(row, job)
  if (refused) return { ...failed, to: 'cancelled', reason: refused }
  return { ...failed, to: 'waiting', nextAttemptAt: at }
}

/** What a settle would tell of it. @param failing whether others of its job have failed */
function eventOf(it: Ended, ending: Ending, failing: boolean, finishedAt: Date): NewEvent | null {
  const facts = { ...it, executionId: it.id, finishedAt }
  if (it.to === 'succeeded') return failing ? executionSucceeded(facts) : null
  if (it.to !== 'failed' || ending.outcome === 'succeeded') return null
  return executionFailed({ ...facts, status: null, error: ending.error })
}

function nextAttempt(
  row: Late,
  retry: Retry,
  job: Job | undefined,
  ending: Exclude<Ending, { outcome: 'succeeded' }>,
  now: Date,
): Date | null {
  if (!ending.retry) return null
  const next = afterFailure(retry, {
    outcome: ending.outcome,
    status: null,
    retryAfterMs: ending.retryAfterMs,
    failures: row.failures + 1,
    firstAttemptAt: (row.firstAttemptAt ?? now).getTime(),
    now: now.getTime(),
    nextRunAt: job?.nextRunAt?.getTime() ?? null,
    seed: row.id,
  })
  return 'at' in next ? new Date(next.at) : null
}

/** Why a claim would refuse another attempt; null when it would not. */
function refusal(row: Late, job: Job | undefined): 'deleted' | 'paused' | null {
  if (!job || job.deletedAt) return 'deleted'
  const since = row.redrivenAt ?? row.createdAt
  return job.status === 'paused' && job.pausedAt && since < job.pausedAt ? 'paused' : null
}
