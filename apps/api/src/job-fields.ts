import { type CallbackParts, callbackParts, parseCallbackUrl } from '@scheduler/core/callback-url'
import type { policyPatchFields } from '@scheduler/core/policy-fields'
import type { FieldError } from '@scheduler/core/problem'
import { readDateTime } from '@scheduler/core/read-rule'
import type { TargetPolicy } from '@scheduler/core/settings'
import { checkTarget } from '@scheduler/core/target'
import type { StoredPolicies } from '@scheduler/db/schema/jobs'
import type { z } from 'zod'

/** How the fields that every job has are stored. The checks that the schemas can't make push what they find to `errors`. */

/** Null when it is refused. */
export function readTarget(
  text: string,
  policy: TargetPolicy,
  errors: FieldError[],
  path = 'callback_url',
): CallbackParts | null {
  const read = parseCallbackUrl(text)
  const message = 'reason' in read ? read.reason : checkTarget(read.url, policy)
  if ('url' in read && message === null) return callbackParts(text, read.url)
  errors.push({ path, message: message ?? '' })
  return null
}

/** The policies of a create, an update or a patch: undefined leaves one as it is, null brings it back to its default. */
type PolicyFields = { [Key in keyof typeof policyPatchFields]?: z.infer<(typeof policyPatchFields)[Key]> | undefined }

/**
 * Only what was given is stored, so that a default can change.
 *
 * @param zone the job's, in which a blackout without an offset is read
 */
export function readPolicies(
  { jitter, misfire, overlap, dst, max_runs, blackouts }: PolicyFields,
  zone: string,
  errors: FieldError[],
  stored: StoredPolicies = {},
): StoredPolicies {
  const result: StoredPolicies = { ...stored }
  if (jitter !== undefined) result.jitterSeconds = jitter ?? 0
  if (misfire !== undefined) {
    const given = { policy: misfire?.policy, graceSeconds: misfire?.grace_seconds, max: misfire?.max }
    result.misfire = merged(misfire ? stored.misfire : {}, given)
  }
  if (dst !== undefined) result.dst = merged(dst ? stored.dst : {}, dst ?? {})
  if (overlap !== undefined) assign(result, 'overlap', overlap)
  if (max_runs !== undefined) assign(result, 'maxRuns', max_runs)
  if (blackouts !== undefined) assign(result, 'blackouts', blackouts && readBlackouts(blackouts, zone, errors))
  return result
}

function assign<Key extends keyof StoredPolicies>(
  policies: StoredPolicies,
  key: Key,
  value: StoredPolicies[Key] | null,
) {
  if (value === null) delete policies[key]
  else policies[key] = value
}

/** What is stored with what is given on top: undefined leaves a part as it is, null takes it away. */
function merged<T extends object>(stored: T | undefined, given: { [Key in keyof T]?: T[Key] | null | undefined }): T {
  const entries = Object.entries({ ...stored, ...defined(given) })
  return Object.fromEntries(entries.filter(([, value]) => value !== null)) as T
}

const defined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

function readBlackouts(given: { from: string; to: string }[], zone: string, errors: FieldError[]) {
  return given.flatMap((it, i) => {
    const from = readDateTime(`blackouts.${i}.from`, it.from, zone, errors)
    const to = readDateTime(`blackouts.${i}.to`, it.to, zone, errors)
    if (from && to && from.instant >= to.instant) {
      errors.push({ path: `blackouts.${i}.to`, message: 'must be after from' })
    }
    return from && to ? [{ from: from.text, to: to.text }] : []
  })
}

export const unique = (tags: string[]): string[] => [...new Set(tags)]
