import { callbackHeaders, failureReason, isDestinationFailure } from '@scheduler/core/callback'
import type { DbClock } from '@scheduler/db/db-clock'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import type { Settlement } from '@scheduler/db/queries/settle'
import type { Logger } from 'pino'
import type { Answer, CallbackClient } from './callback-client.ts'
import type { Destinations } from './destinations.ts'

export interface ExecuteParts {
  client: CallbackClient
  destinations: Destinations
  clock: DbClock
  log: Logger
}

/** An attempt on its way. `settlement` never rejects. */
export interface Executing {
  claim: Claim
  settlement: Promise<Settlement>
  /** Breaks the attempt off; its execution then waits to be dispatched again at once. */
  abort(): void
}

/** Sends a claimed execution's callback and says how it ended. */
export function execute(parts: ExecuteParts, claim: Claim): Executing {
  const startedAt = parts.clock.now()
  const sending = parts.client.send({
    url: claim.callbackUrl,
    body: claim.payload,
    headers: callbackHeaders({ ...claim, sentAt: startedAt }),
  })
  const settlement = parts.destinations
    .run(claim.destination, () => sending.answer, countsAgainstDestination)
    .then((answer) => settlementOf(claim, answer, startedAt, parts.clock.now()))
    .then((it) => {
      report(parts.log, claim, it)
      return it
    })
  return { claim, settlement, abort: sending.abort }
}

/** Sends nothing: the claim is too old by the time it would be sent. Its execution waits to be dispatched again. */
export function abandon(parts: ExecuteParts, claim: Claim): Executing {
  const now = parts.clock.now()
  return { claim, settlement: Promise.resolve(settlementOf(claim, null, now, now)), abort() {} }
}

function countsAgainstDestination(answer: Answer | null): boolean {
  return answer !== null && isDestinationFailure(answer.outcome, answer.status)
}

/** What an answer means for the execution; no answer (null) is an attempt that we broke off ourselves. */
function settlementOf(claim: Claim, answer: Answer | null, startedAt: Date, finishedAt: Date): Settlement {
  const { item, executionId, jobId, recurring, scheduledFor, attempt, jobVersion } = claim
  const facts = { item, executionId, jobId, recurring, scheduledFor, attempt, jobVersion, startedAt, finishedAt }
  if (!answer) {
    const none = { outcome: 'abandoned', status: null, error: null, responseHead: null } as const
    return { ...facts, ...none, state: 'waiting', reason: null, nextAttemptAt: finishedAt }
  }
  const { outcome, status, error, head: responseHead } = answer
  const reason = failureReason(outcome)
  const state = outcome === 'succeeded' ? 'succeeded' : 'failed'
  return { ...facts, outcome, status, error, responseHead, state, reason, nextAttemptAt: null }
}

function report(log: Logger, claim: Claim, it: Settlement): void {
  const fields = {
    executionId: claim.executionId,
    jobId: claim.jobId,
    attempt: claim.attempt,
    destination: claim.destination,
    outcome: it.outcome,
    status: it.status,
    error: it.error ?? undefined,
    durationMs: it.finishedAt.getTime() - it.startedAt.getTime(),
    lateMs: it.startedAt.getTime() - claim.scheduledFor.getTime(),
  }
  if (it.outcome === 'succeeded') log.info(fields, 'callback answered')
  else log.warn(fields, 'callback failed')
}
