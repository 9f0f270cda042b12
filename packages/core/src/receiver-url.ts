import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKeys, type Keys } from './seal.ts'

/** What a receiver may say of work that takes longer than its answer: it is done, it failed, it goes on. */
export const receiverActions = ['ack', 'nack', 'heartbeat'] as const
export type ReceiverAction = (typeof receiverActions)[number]

/** What a receiver says it of: one attempt of an execution. */
export interface Signed {
  action: ReceiverAction
  executionId: string
  attempt: number
}

/** The keys that these URLs are signed with: the first signs, each verifies. */
export const receiverKeys = (keys: Keys): Buffer[] => deriveKeys(keys, 'receiver urls')

/** An address at which the receiver of one attempt may say one thing of it, and nothing else. */
export function receiverUrl(publicUrl: string, key: Buffer, signed: Signed): string {
  const { executionId, action, attempt } = signed
  const signature = digest(key, signed).toString('base64url')
  return `${publicUrl}/executions/${executionId}/${action}?attempt=${attempt}&signature=${signature}`
}

/** Whether one of the keys has signed this. All are tried, so that the time taken says nothing of any. */
export function isSignedBy(keys: readonly Buffer[], signed: Signed, signature: string): boolean {
  const given = Buffer.from(signature, 'base64url')
  return keys.filter((key) => equal(digest(key, signed), given)).length > 0
}

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/** None of the three can hold a period, so that no two calls are signed alike. */
function digest(key: Buffer, { action, executionId, attempt }: Signed): Buffer {
  return createHmac('sha256', key).update(`${action}.${executionId.toLowerCase()}.${attempt}`).digest()
}
