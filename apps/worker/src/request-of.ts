import { callbackHeaders } from '@scheduler/core/callback'
import { bodiless, timeoutMsOf } from '@scheduler/core/delivery'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import type { CallbackRequest } from './callback-client.ts'
import { headersOf, type Secrets, signerOf } from './secrets.ts'

/**
 * The request of a claimed execution, signed as of `sentAt`; `urls` are the headers by which it may be acknowledged.
 *
 * @throws SealError when a secret of its job can't be opened
 */
export function requestOf(
  claim: Claim,
  sentAt: Date,
  secrets: Secrets,
  urls: Record<string, string> | null = null,
): CallbackRequest {
  const { delivery, jobId } = claim
  const body = delivery?.method && bodiless.has(delivery.method) ? null : claim.payload
  const own = delivery?.headers ? headersOf(secrets, jobId, delivery) : {}
  const headers = callbackHeaders({ ...claim, sentAt, hasBody: body !== null }, own)
  if (urls) Object.assign(headers, urls)
  const sign = signerOf(secrets, jobId, delivery)
  if (sign) headers['webhook-signature'] = sign(claim.executionId, sentAt, body ?? '')
  if (!delivery) return { url: claim.callbackUrl, body, headers }
  const { method, success } = delivery
  const timeoutMs = delivery.timeoutSeconds === undefined ? undefined : timeoutMsOf(delivery)
  return { url: claim.callbackUrl, method, body, headers, timeoutMs, success }
}
