import { type CallbackParts, callbackParts, parseCallbackUrl } from '@scheduler/core/callback-url'
import type { FieldError } from '@scheduler/core/problem'
import type { TargetPolicy } from '@scheduler/core/settings'
import { checkTarget } from '@scheduler/core/target'
import type { StoredPolicies } from '@scheduler/db/schema/jobs'
import { BODY_LIMIT } from './json-body.ts'

/** How the fields that every job has are stored. The checks that the schemas can't make push what they find to `errors`. */

/** Null when it is refused. */
export function readTarget(text: string, policy: TargetPolicy, errors: FieldError[]): CallbackParts | null {
  const read = parseCallbackUrl(text)
  const message = 'reason' in read ? read.reason : checkTarget(read.url, policy)
  if (message === null) return callbackParts(text)
  errors.push({ path: 'callback_url', message })
  return null
}

/** The payload as it is sent, byte for byte. */
export function readPayload(payload: unknown, errors: FieldError[]): string {
  const text = JSON.stringify(payload)
  // Numbers grow when they are written out, 1e20 to 21 digits; and patches add up.
  if (Buffer.byteLength(text) > BODY_LIMIT) {
    errors.push({ path: 'payload', message: `must be at most ${BODY_LIMIT / 1024} KiB when written out` })
  }
  return text
}

interface PolicyFields {
  jitter?: number | null | undefined
  misfire?: MisfireFields | null | undefined
}

interface MisfireFields {
  policy?: 'skip' | 'last' | 'all' | null | undefined
  grace_seconds?: number | null | undefined
  max?: number | null | undefined
}

/** Only what was given is stored, so that a default can change. Null: back to the default. */
export function readPolicies({ jitter, misfire }: PolicyFields, stored: StoredPolicies = {}): StoredPolicies {
  const result: StoredPolicies = { ...stored }
  if (jitter !== undefined) result.jitterSeconds = jitter ?? 0
  if (misfire !== undefined) result.misfire = readMisfire(misfire ?? {}, misfire ? stored.misfire : {})
  return result
}

function readMisfire({ policy, grace_seconds, max }: MisfireFields, stored: StoredPolicies['misfire'] = {}) {
  const given = { policy, graceSeconds: grace_seconds, max }
  const merged = { ...stored, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}

export const unique = (tags: string[]): string[] => [...new Set(tags)]
