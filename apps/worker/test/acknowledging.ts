import { isSignedBy, type ReceiverAction, receiverActions, receiverKeys } from '@scheduler/core/receiver-url'
import { readKeys } from '@scheduler/core/seal'
import type { Pool } from '@scheduler/db/client'
import { acknowledge } from '@scheduler/db/queries/acknowledge'
import type { Answer, Arrival } from './receiver.ts'

export const PUBLIC_URL = 'https://scheduler.example/base'
export const ENCRYPTION_KEYS = `k1:${Buffer.alloc(32, 7).toString('base64')}`
export const keys = readKeys([ENCRYPTION_KEYS])

/** The work is taken on, and not done yet. */
export const accept: Answer = (_, response) => response.writeHead(202).end('later')

/** The URL that a callback brought for an action, taken apart, as the API does it; null when it brought none. */
export function urlOf({ headers }: Arrival, action: ReceiverAction) {
  const text = headers[`x-scheduler-${action}-url`]
  if (typeof text !== 'string') return null
  const { pathname, searchParams } = new URL(text)
  const [, executionId = '', said = ''] = /\/executions\/([^/]+)\/(\w+)$/.exec(pathname) ?? []
  const attempt = Number(searchParams.get('attempt'))
  const saidAction = receiverActions.find((it) => it === said) ?? 'heartbeat'
  const signed = { action: saidAction, executionId, attempt }
  return { text, signed, holds: isSignedBy(receiverKeys(keys), signed, searchParams.get('signature') ?? '') }
}

/** Says of the attempt that a callback began what its URL is for. */
export async function say(pool: Pool, arrival: Arrival, action: ReceiverAction): Promise<void> {
  const url = urlOf(arrival, action)
  if (!url?.holds) throw new Error(`the callback brought no ${action} URL that holds`)
  await acknowledge(pool, url.signed, action === 'nack' ? { retry: true, retryAfterMs: null, reason: null } : null)
}
