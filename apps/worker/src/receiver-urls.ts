import { type ReceiverAction, receiverActions, receiverKeys, receiverUrl } from '@scheduler/core/receiver-url'
import type { Keys } from '@scheduler/core/seal'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import type { Logger } from 'pino'

/** The headers by which a receiver learns where to say how its work ended; null where it can't be told. */
export type ReceiverUrls = (claim: Claim) => Record<string, string> | null

/**
 * Makes these headers for jobs whose receivers may take their time. Without `PUBLIC_URL` or keys there are none to make: the
 * 202 of such a receiver is then a success as any other, and the log says so once.
 */
export function createReceiverUrls(publicUrl: string | undefined, keys: Keys, log: Logger): ReceiverUrls {
  const [key] = receiverKeys(keys)
  let warned = false
  return ({ delivery, executionId, attempt, jobId }) => {
    if (!delivery?.async) return null
    if (key && publicUrl !== undefined) {
      const urlOf = (action: ReceiverAction) => receiverUrl(publicUrl, key, { action, executionId, attempt })
      return Object.fromEntries(receiverActions.map((action) => [`x-scheduler-${action}-url`, urlOf(action)]))
    }
    if (!warned) log.warn({ jobId }, 'no PUBLIC_URL or no ENCRYPTION_KEYS: a 202 is a success, not a promise')
    warned = true
    return null
  }
}
