import { ackDeadline } from '@scheduler/core/acknowledgement'
import { failureReason } from '@scheduler/core/callback'
import { retryOf } from '@scheduler/core/delivery'
import { afterFailure, parseRetryAfter } from '@scheduler/core/retry'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import type { Settlement } from '@scheduler/db/queries/settle'
import type { Answer } from './callback-client.ts'

/** How long an execution waits whose job has a secret that this worker can't open, ms. It uses up no retry. */
const SEALED_MS = 30_000

/** A receiver has taken the work on, and will say how it ended. */
const ACCEPTED = 202

export interface AttemptTimes {
  startedAt: Date
  finishedAt: Date
  /**
   * When it had ended for sure: a backoff counts from then, so that where the clock is not exact, the next attempt is rather
   * late than early.
   */
  latest?: Date
}

/**
 * What an answer means for the execution; no answer (null) is an attempt that we broke off ourselves. `canTell` says whether
 * its receiver was told where to say how its work ended.
 */
export function settlementOf(claim: Claim, answer: Answer | null, times: AttemptTimes, canTell = false): Settlement {
  const { startedAt, finishedAt, latest = finishedAt } = times
  const facts = factsOf(claim, startedAt, finishedAt)
  if (!answer) return { ...facts, ...nothing, nextAttemptAt: finishedAt }
  const { outcome, status, error, head: responseHead, timings } = answer
  const told = { ...facts, outcome, status, error, responseHead, timings }
  const wait = canTell && status === ACCEPTED ? claim.delivery?.async : undefined
  if (outcome === 'succeeded' && wait) {
    const deadline = ackDeadline(finishedAt.getTime(), wait.timeoutSeconds, startedAt.getTime())
    return { ...told, ...awaiting, ackDeadlineAt: new Date(deadline) }
  }
  if (outcome === 'succeeded') return { ...told, state: 'succeeded', reason: null, nextAttemptAt: null }
  const failures = claim.failures + 1
  const reason = failureReason(outcome)
  const next = afterFailure(retryOf(claim.delivery), {
    ...{ outcome, status, failures, seed: claim.executionId },
    retryAfterMs: parseRetryAfter(answer.retryAfter, latest.getTime()),
    firstAttemptAt: claim.firstAttemptAt.getTime(),
    now: latest.getTime(),
    nextRunAt: claim.nextRunAt?.getTime() ?? null,
  })
  if ('exhausted' in next) return { ...told, state: 'failed', reason, nextAttemptAt: null, failures }
  return { ...told, state: 'waiting', reason, nextAttemptAt: new Date(next.at), failures }
}

/** Nothing was sent, since a secret of the job can't be opened here: a key that is missing may come back. */
export function sealedSettlement(claim: Claim, at: Date): Settlement {
  const next = new Date(at.getTime() + SEALED_MS)
  const isOver = next.getTime() - claim.firstAttemptAt.getTime() > retryOf(claim.delivery).maxAgeSeconds * 1_000
  const facts = {
    ...factsOf(claim, at, at),
    ...nothing,
    error: 'ERR_SECRET_SEALED',
    reason: 'secret_unavailable' as const,
  }
  return isOver ? { ...facts, state: 'failed' } : { ...facts, nextAttemptAt: next }
}

const nothing = {
  outcome: 'abandoned',
  status: null,
  error: null,
  responseHead: null,
  timings: null,
  state: 'waiting',
  reason: null,
  nextAttemptAt: null,
} as const

const awaiting = { outcome: 'accepted', state: 'running', reason: 'awaiting_ack', nextAttemptAt: null } as const

function factsOf(claim: Claim, startedAt: Date, finishedAt: Date) {
  const { item, executionId, jobId, recurring, scheduledFor, attempt, jobVersion, failures } = claim
  const times = { startedAt, finishedAt, ackDeadlineAt: null }
  return { item, executionId, jobId, recurring, scheduledFor, attempt, jobVersion, failures, ...times }
}
