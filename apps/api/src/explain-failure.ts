import { ACK_TIMEOUT, NACK } from '@scheduler/core/acknowledgement'
import { retryOf } from '@scheduler/core/delivery'
import type { ExecutionReason } from '@scheduler/core/execution'
import { afterFailure, type Exhausted } from '@scheduler/core/retry'
import { sayCount, sayDuration } from '@scheduler/core/say-time'
import { said } from './explain-said.ts'
import type { Told } from './explain-subject.ts'

/** Reasons of an execution whose attempt has failed: that it failed for good, or that it waits for its next attempt. */
type FailureReason = Extract<
  ExecutionReason,
  'rejected' | 'timed_out' | 'unreachable' | 'blocked_destination' | 'worker_crashed' | 'secret_unavailable'
>

/** What went wrong, as the end of a sentence. */
const what: Record<FailureReason, (told: Told) => string> = {
  rejected: ({ row }) =>
    lastOf(row)?.error === NACK
      ? `the receiver said of attempt ${row.attempt} that its work failed`
      : `the receiver answered ${lastOf(row)?.status ?? 'no 2xx'} on attempt ${row.attempt}`,
  timed_out: ({ row }) =>
    lastOf(row)?.error === ACK_TIMEOUT
      ? `the receiver answered 202 on attempt ${row.attempt}, and did not say in time how its work ended`
      : `the receiver gave no whole answer in time on attempt ${row.attempt}`,
  unreachable: ({ row }) =>
    `the receiver could not be reached on attempt ${row.attempt}${lastOf(row)?.error ? ` (${lastOf(row)?.error})` : ''}`,
  blocked_destination: () => 'its address is one that this instance may not call, and nothing was sent',
  worker_crashed: ({ row }) => `its worker was lost ${sayCount(row.attempt, 'time')}, more often than is allowed`,
  secret_unavailable: () => 'a secret of its job was sealed with a key that the workers do not have (ENCRYPTION_KEYS)',
}

/** What is told for each of these reasons: how it failed, and why there is no further attempt; or when the next one is. */
export const byFailure = Object.fromEntries(
  Object.entries(what).map(([reason, of]) => [reason, (told: Told) => sayFailure(of(told), told)]),
) as typeof what

function sayFailure(why: string, told: Told): string {
  const { row } = told
  if (row.state !== 'waiting') return `It failed: ${why}${sayExhausted(told)}${sayRedrivable(told)}`
  const at = said(row.nextAttemptAt, told)
  if (row.reason === 'secret_unavailable') return `It is not sent: ${why}, and it is looked at again at ${at}`
  return `Its next attempt is at ${at}: ${why}`
}

/** Why no attempt followed the last one. */
function sayExhausted(told: Told): string {
  const { limit, maxAgeSeconds } = retryOf(told.job.delivery)
  const { failures, reason } = told.row
  switch (exhaustedBy(told)) {
    case 'refused':
      // Of an address that may not be called there is nothing to add.
      return reason === 'rejected' ? '; by that it asks for no further one' : ''
    case 'limit':
      return `; after ${sayCount(failures, 'failed attempt')} there is no further one (retry.limit: ${limit})`
    case 'age':
      return `; the next one would have begun more than ${sayDuration(maxAgeSeconds * 1_000)} after the first (retry.max_age_seconds: ${maxAgeSeconds})`
    case 'next_occurrence':
      return '; the next one would not have begun before the next run was due (retry.stop_at_next: true)'
    case 'policy':
      if (lastOf(told.row)?.error === NACK) return '; it asked for no further one, or for one too late'
      return '; the retry policy of then allowed no further one'
    case null:
      return ''
  }
}

/**
 * What the worker found when it settled the last attempt; null where no attempt that counts has failed. Of a job that was
 * edited since, or a receiver that asked to be left alone for long, no more is known than that the policy allowed none.
 */
function exhaustedBy({ row, job, rule, isEdited }: Told): Exhausted | 'policy' | null {
  const last = lastOf(row)
  if (!last || row.failures === 0 || !isAnswered(row.reason)) return null
  const nextRun = rule?.line.after(last.startedAt.getTime()) ?? null
  const found = afterFailure(retryOf(job.delivery), {
    ...{ outcome: last.outcome, status: last.status, retryAfterMs: null, failures: row.failures, seed: row.id },
    firstAttemptAt: (row.firstAttemptAt ?? last.startedAt).getTime(),
    now: last.finishedAt.getTime(),
    nextRunAt: nextRun === null ? null : (rule?.line.at(nextRun).effective ?? null),
  })
  if (!('exhausted' in found)) return 'policy'
  // What only paused the job has left its retry policy as it was.
  return found.exhausted === 'refused' || !isEdited ? found.exhausted : 'policy'
}

/** Whether the attempt itself ended the execution, and not what became of its worker. */
const isAnswered = (reason: ExecutionReason | null): boolean =>
  reason !== 'worker_crashed' && reason !== 'secret_unavailable'

const sayRedrivable = ({ row, job }: Told): string =>
  row.deadAt && !job.deletedAt ? '; it is a dead letter, and can be redriven' : ''

const lastOf = ({ attempts }: Told['row']) => attempts.at(-1)
