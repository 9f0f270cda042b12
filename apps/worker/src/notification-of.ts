import { USER_AGENT } from '@scheduler/core/callback'
import type { Retry } from '@scheduler/core/delivery'
import { afterFailure, parseRetryAfter } from '@scheduler/core/retry'
import type { ClaimedNotification, NotificationOutcome } from '@scheduler/db/queries/due-notifications'
import type { Answer, CallbackRequest } from './callback-client.ts'
import { type Secrets, signerOf } from './secrets.ts'

/** When a notification is attempted again: eight times more, over about three hours. */
export const notifyRetry: Retry = {
  limit: 8,
  minBackoffSeconds: 10,
  maxBackoffSeconds: 3_600,
  factor: 3,
  jitter: 0.2,
  maxAgeSeconds: Number.POSITIVE_INFINITY,
  stopAtNext: false,
}

/**
 * The request of a notification, signed as of `sentAt`.
 *
 * @throws SealError when a secret of its job can't be opened
 */
export function notificationRequest(it: ClaimedNotification, sentAt: Date, secrets: Secrets): CallbackRequest {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    'webhook-id': it.id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
    'x-scheduler-event': it.type,
  }
  const sign = signerOf(secrets, it.jobId ?? '', it.delivery)
  if (sign) headers['webhook-signature'] = sign(it.id, sentAt, it.body)
  return { url: it.url, body: it.body, headers }
}

/** What an answer means for a notification; no answer (null) is an attempt that we broke off ourselves. */
export function notificationOutcome(
  { id, attempt }: ClaimedNotification,
  answer: Answer | null,
  now: number,
): NotificationOutcome {
  if (!answer) return { id, attempt, status: null, error: null, end: 'uncounted', againInMs: 0 }
  const { outcome, status, error, retryAfter } = answer
  const told = { id, attempt, status, error }
  if (outcome === 'succeeded') return { ...told, end: 'delivered', againInMs: 0 }
  return { ...told, ...again(id, attempt, { outcome, status, retryAfter }, now) }
}

/** Nothing was sent, since a secret of the job can't be opened here: a key that is missing may come back. */
export function sealedOutcome({ id, attempt }: ClaimedNotification, now: number): NotificationOutcome {
  const next = again(id, attempt, { outcome: 'unreachable', status: null, retryAfter: undefined }, now)
  return { id, attempt, status: null, error: 'ERR_SECRET_SEALED', ...next }
}

function again(
  id: string,
  attempt: number,
  { outcome, status, retryAfter }: Pick<Answer, 'outcome' | 'status' | 'retryAfter'>,
  now: number,
): Pick<NotificationOutcome, 'end' | 'againInMs'> {
  const next = afterFailure(notifyRetry, {
    ...{ outcome, status, failures: attempt, seed: id, now, firstAttemptAt: now, nextRunAt: null },
    retryAfterMs: parseRetryAfter(retryAfter, now),
  })
  return 'at' in next ? { end: 'again', againInMs: next.at - now } : { end: 'failed', againInMs: 0 }
}
