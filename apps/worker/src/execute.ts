import { isDestinationFailure } from '@scheduler/core/callback'
import { SealError } from '@scheduler/core/seal'
import type { DbClock } from '@scheduler/db/db-clock'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import type { Settlement } from '@scheduler/db/queries/settle'
import type { Logger } from 'pino'
import type { Answer, CallbackClient, Sending } from './callback-client.ts'
import type { Destinations } from './destinations.ts'
import type { ReceiverUrls } from './receiver-urls.ts'
import { requestOf } from './request-of.ts'
import type { Secrets } from './secrets.ts'
import { sealedSettlement, settlementOf } from './settlement-of.ts'

export interface ExecuteParts {
  client: CallbackClient
  destinations: Destinations
  clock: DbClock
  secrets: Secrets
  receiverUrls: ReceiverUrls
  log: Logger
}

/** An attempt on its way. `settlement` never rejects. */
export interface Executing {
  claim: Claim
  settlement: Promise<Settlement>
  /** Breaks the attempt off; its execution then waits to be dispatched again at once. */
  abort(): void
}

/**
 * Sends a claimed execution's callback and says how it ended.
 *
 * @param mayGo whether its claim still allows it, asked when it is about to be put on the wire
 */
export function execute(parts: ExecuteParts, claim: Claim, mayGo?: () => boolean): Executing {
  const startedAt = parts.clock.now()
  const urls = parts.receiverUrls(claim)
  let sending: Sending
  try {
    sending = parts.client.send(requestOf(claim, startedAt, parts.secrets, urls), mayGo)
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    return refuse(parts, claim, error)
  }
  const settlement = parts.destinations
    .run(claim.destination, () => sending.answer, countsAgainstDestination, probeOf(claim), sending.wasSent)
    .then((answer) => {
      // The database may have corrected the clock meanwhile, by more than a quick answer takes.
      const finishedAt = new Date(Math.max(startedAt.getTime(), parts.clock.now().getTime()))
      const times = { startedAt, finishedAt, latest: parts.clock.latest() }
      return settlementOf(claim, answer, times, urls !== null)
    })
    .then((it) => {
      report(parts.log, claim, it)
      return it
    })
  return { claim, settlement, abort: sending.abort }
}

/** Sends nothing: the claim is too old by the time it would be sent. Its execution waits to be dispatched again. */
export function abandon(parts: ExecuteParts, claim: Claim): Executing {
  const now = parts.clock.now()
  // Under the circuit all the same: a probe that was never sent is given back.
  const settled = parts.destinations.run(
    claim.destination,
    async () => null,
    countsAgainstDestination,
    probeOf(claim),
    () => false,
  )
  return {
    claim,
    settlement: settled.then(() => settlementOf(claim, null, { startedAt: now, finishedAt: now })),
    abort() {},
  }
}

/** Sends nothing: a secret of the job can't be opened here. */
function refuse(parts: ExecuteParts, claim: Claim, { message }: SealError): Executing {
  parts.log.error({ executionId: claim.executionId, jobId: claim.jobId, reason: message }, 'secret not opened')
  const settlement = sealedSettlement(claim, parts.clock.now())
  // Under the circuit all the same, so that a probe that was never sent is given back.
  const settled = parts.destinations.run(claim.destination, async () => null, countsAgainstDestination, probeOf(claim))
  return { claim, settlement: settled.then(() => settlement), abort() {} }
}

const probeOf = (claim: Claim): string | null => (claim.isProbe ? claim.executionId : null)

function countsAgainstDestination(answer: Answer | null): boolean {
  return answer !== null && isDestinationFailure(answer.outcome, answer.status)
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
  if (it.outcome === 'succeeded' || it.outcome === 'accepted') log.info(fields, 'callback answered')
  else log.warn({ ...fields, nextAttemptAt: it.nextAttemptAt ?? undefined }, 'callback failed')
}
