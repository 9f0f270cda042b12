import type { Retry } from './delivery.ts'
import type { AttemptOutcome } from './execution.ts'
import { jitterMs } from './jitter.ts'

/** Answers by which a receiver says that it does not want the execution again: gone for good, and not to be retried. */
export const GONE = 410
const NO_RETRY: ReadonlySet<number> = new Set([GONE, 489])

/** An attempt that has failed, and what is known of those before it. Times are ms since 1970. */
export interface Failure {
  outcome: AttemptOutcome
  status: number | null
  /** How long the receiver asked to be left alone, ms; null when it did not. */
  retryAfterMs: number | null
  /** Attempts of the execution that have failed so far, this one included. */
  failures: number
  /** When the first of them began. */
  firstAttemptAt: number
  /** When this one ended. */
  now: number
  /** When the job is due next; null when it is not. */
  nextRunAt: number | null
  /** The execution's id: each has a jitter of its own. */
  seed: string
}

/** Why there is no further attempt. */
export type Exhausted = 'limit' | 'age' | 'next_occurrence' | 'refused'

/** When the next attempt begins, ms since 1970; or why there is none. */
export function afterFailure(retry: Retry, failure: Failure): { at: number } | { exhausted: Exhausted } {
  const { outcome, status, failures, firstAttemptAt, now, nextRunAt } = failure
  if (outcome === 'blocked' || (status !== null && NO_RETRY.has(status))) return { exhausted: 'refused' }
  if (failures > retry.limit) return { exhausted: 'limit' }
  const asked = mayAsk(status) ? (failure.retryAfterMs ?? 0) : 0
  const at = now + Math.max(backoffMs(retry, failures, failure.seed), asked)
  if (at - firstAttemptAt > retry.maxAgeSeconds * 1_000) return { exhausted: 'age' }
  if (retry.stopAtNext && nextRunAt !== null && at >= nextRunAt) return { exhausted: 'next_occurrence' }
  return { at }
}

/** The time between the n-th failure and the attempt after it, ms: exponential, capped, and then some, never less. */
export function backoffMs(retry: Retry, failures: number, seed: string): number {
  const plain = retry.minBackoffSeconds * retry.factor ** (failures - 1)
  const ms = Math.min(plain, retry.maxBackoffSeconds) * 1_000
  return Math.round(ms) + jitterMs(seed, failures, ms * retry.jitter)
}

/** Whether an answer may say in `Retry-After` when to come again; without a status, its receiver said it in another way. */
const mayAsk = (status: number | null): boolean => status === null || status === 429 || status === 503

/** The longest that a receiver may ask to be left alone, ms. */
export const MAX_RETRY_AFTER_MS = 86_400_000

/**
 * How long from `now` a `Retry-After` asks to wait, ms, a day at the most; null when it is none. Its two forms are
 * RFC 9110's: a number of seconds, and a date.
 */
export function parseRetryAfter(text: string | undefined, now: number): number | null {
  const trimmed = text?.trim() ?? ''
  const ms = /^\d{1,15}$/.test(trimmed)
    ? Number(trimmed) * 1_000
    : HTTP_DATE.test(trimmed)
      ? // The oldest form names no zone, and means GMT too.
        Date.parse(trimmed.endsWith('GMT') ? trimmed : `${trimmed} GMT`) - now
      : Number.NaN
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS)
}

/** The form of dates that is in use, and the two that recipients must still take; `Date.parse` reads them all. */
const HTTP_DATE =
  /^(?:\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT|\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT|\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/
