import type { AttemptOutcome, ExecutionReason } from './execution.ts'

/** The service's name and version, as receivers see it. */
export const USER_AGENT = 'scheduler/0.1'

/** Bytes of an answer that are read at the most. */
export const RESPONSE_READ_BYTES = 64 * 1024

/** Characters of an answer that are kept. */
export const RESPONSE_HEAD_CHARS = 1_000

/** How long an attempt may take from the first byte sent to the last byte read, ms. */
export const CALLBACK_TIMEOUT_MS = 10_000

/** The beginning of what a receiver says, as text that Postgres takes: no NUL, no half of a surrogate pair. */
export function headOf(text: string): string {
  return text.slice(0, RESPONSE_HEAD_CHARS).replaceAll('\0', '\uFFFD').toWellFormed()
}

/** What an attempt's headers are made of. */
export interface CallbackFacts {
  executionId: string
  jobId: string
  scheduledFor: Date
  attempt: number
  /** The moment of this attempt. */
  sentAt: Date
  hasBody: boolean
}

/**
 * The headers of an attempt: the job's `own` in place of what is usual, but never in place of what the service says.
 * `webhook-*` are those of Standard Webhooks: the id is the same on every attempt.
 */
export function callbackHeaders(facts: CallbackFacts, own: Record<string, string> = {}): Record<string, string> {
  return {
    ...(facts.hasBody ? { 'content-type': 'application/json' } : {}),
    'user-agent': USER_AGENT,
    ...own,
    'webhook-id': facts.executionId,
    'webhook-timestamp': String(Math.floor(facts.sentAt.getTime() / 1000)),
    'x-scheduler-job-id': facts.jobId,
    'x-scheduler-scheduled-for': facts.scheduledFor.toISOString(),
    'x-scheduler-attempt': String(facts.attempt),
  }
}

/** Client errors that say something about the destination, not about the request. */
const transientClientErrors: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * Whether an outcome counts against its destination's circuit. A client error (4xx) doesn't: the destination is there
 * and answers; nor does an address that is not allowed, or an attempt that we broke off.
 */
export function isDestinationFailure(outcome: AttemptOutcome, status: number | null): boolean {
  if (outcome === 'timed_out' || outcome === 'unreachable') return true
  if (outcome !== 'rejected' || status === null) return false
  return status >= 500 || transientClientErrors.has(status)
}

/** The reason an execution fails with when its last attempt ended so; null for outcomes that don't fail it. */
export function failureReason(outcome: AttemptOutcome): ExecutionReason | null {
  switch (outcome) {
    case 'rejected':
    case 'timed_out':
    case 'unreachable':
      return outcome
    case 'blocked':
      return 'blocked_destination'
    default:
      return null
  }
}
