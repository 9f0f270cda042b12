import {
  DEFAULT_ASYNC_SECONDS,
  DEFAULT_SUCCESS,
  DEFAULT_TIMEOUT_SECONDS,
  defaultRetry,
  type Notify,
  notifyEvents,
  type Retry,
  type StoredDelivery,
} from '@scheduler/core/delivery'
import type { deliveryPatchFields } from '@scheduler/core/delivery-fields'
import type { FieldError } from '@scheduler/core/problem'
import type { z } from 'zod'
import { readTarget } from './job-fields.ts'
import { readHeaders, readSigning } from './read-secrets.ts'
import type { Settings } from './route.ts'

/** How the requests of a job are made, as a create, an update or a patch gives it: undefined leaves a part, null takes it away. */
export type DeliveryFields = {
  [Key in keyof typeof deliveryPatchFields]?: z.infer<(typeof deliveryPatchFields)[Key]> | undefined
}

/** What is written onto. */
export interface Writing {
  /** The job's; its secrets are sealed for it. */
  id: string
  /** What stays where nothing is given. */
  base: StoredDelivery
  /** Where secrets that are given again, or as `***`, are kept from. */
  kept: StoredDelivery
  /** Merges parts with those of `base` (PATCH), or replaces them as a whole. */
  merge: boolean
}

/** For a job that is made, or made anew as a whole in place of one that has `kept`. */
export const anew = (id: string, kept: StoredDelivery | null = null): Writing => ({
  ...{ id, base: {}, kept: kept ?? {}, merge: false },
})

/**
 * What is stored, but for `raw`, which goes with the payload: only what differs from the default, so that a default can
 * change.
 */
export function readDelivery(
  given: DeliveryFields,
  writing: Writing,
  settings: Settings,
  errors: FieldError[],
): StoredDelivery {
  const result: StoredDelivery = { ...writing.base }
  const { merge, base } = writing
  const { method, headers, timeout_seconds, success, retry, pause_after_failures, signing_secrets } = given
  if (method !== undefined) put(result, 'method', method === 'POST' ? null : method)
  if (headers !== undefined) put(result, 'headers', readHeaders(headers, writing, settings.keys, errors))
  if (timeout_seconds !== undefined) {
    put(result, 'timeoutSeconds', timeout_seconds === DEFAULT_TIMEOUT_SECONDS ? null : timeout_seconds)
  }
  if (success !== undefined) put(result, 'success', String(success) === String(DEFAULT_SUCCESS) ? null : success)
  if (retry !== undefined) put(result, 'retry', readRetry(retry, merge ? base.retry : {}, errors))
  if (pause_after_failures !== undefined) put(result, 'pauseAfter', pause_after_failures)
  if (given.async !== undefined) put(result, 'async', readAsync(given.async, merge ? base : {}, settings, errors))
  if (given.notify !== undefined) put(result, 'notify', readNotify(given.notify, merge ? base : {}, settings, errors))
  if (signing_secrets !== undefined) {
    put(result, 'signing', readSigning(signing_secrets, writing, settings.keys, errors))
  }
  return result
}

/** Null where nothing differs from the default. */
export function storedDelivery({ raw: _before, ...rest }: StoredDelivery, raw: boolean): StoredDelivery | null {
  const delivery: StoredDelivery = raw ? { ...rest, raw } : rest
  return Object.keys(delivery).length > 0 ? delivery : null
}

/** Null and an empty list or object are what a job without it has. */
function put<Key extends keyof StoredDelivery>(
  delivery: StoredDelivery,
  key: Key,
  value: StoredDelivery[Key] | null,
): void {
  if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) {
    delete delivery[key]
  } else {
    delivery[key] = value
  }
}

const retryNames = {
  limit: 'limit',
  min_backoff_seconds: 'minBackoffSeconds',
  max_backoff_seconds: 'maxBackoffSeconds',
  factor: 'factor',
  jitter: 'jitter',
  max_age_seconds: 'maxAgeSeconds',
  stop_at_next: 'stopAtNext',
} as const satisfies Record<string, keyof Retry>

export function readRetry(
  given: DeliveryFields['retry'] | null,
  base: Partial<Retry> | undefined,
  errors: FieldError[],
): Partial<Retry> | null {
  if (!given) return null
  const written = Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [retryNames[name as keyof typeof retryNames], value])
  const all: Partial<Retry> = { ...base, ...Object.fromEntries(written) }
  const differs = Object.entries(all).filter(
    ([key, value]) => value !== null && value !== defaultRetry[key as keyof Retry],
  )
  const retry: Partial<Retry> = Object.fromEntries(differs)
  const { minBackoffSeconds, maxBackoffSeconds } = { ...defaultRetry, ...retry }
  if (maxBackoffSeconds < minBackoffSeconds) {
    const message = `must be at least min_backoff_seconds, ${minBackoffSeconds}; it is ${maxBackoffSeconds}`
    errors.push({ path: 'retry.max_backoff_seconds', message })
  }
  return retry
}

function readAsync(
  given: DeliveryFields['async'],
  base: StoredDelivery,
  { publicUrl, keys }: Settings,
  errors: FieldError[],
): StoredDelivery['async'] | null {
  if (!given) return null
  const missing = [publicUrl === null && 'PUBLIC_URL', keys.list.length === 0 && 'ENCRYPTION_KEYS'].filter(Boolean)
  if (missing.length > 0) {
    const message = `must be null on this instance: set ${missing.join(' and ')} in the environment of the API and of the workers, from which the URLs are made that a receiver acknowledges at`
    errors.push({ path: 'async', message })
  }
  const { timeout_seconds: seconds = base.async?.timeoutSeconds } = given
  return { timeoutSeconds: seconds ?? DEFAULT_ASYNC_SECONDS }
}

function readNotify(
  given: DeliveryFields['notify'],
  base: StoredDelivery,
  { targetPolicy }: Settings,
  errors: FieldError[],
): Notify | null {
  if (!given) return null
  const url = given.url ?? base.notify?.url
  if (url === undefined) {
    errors.push({ path: 'notify.url', message: 'is required' })
    return null
  }
  if (given.url !== undefined) readTarget(given.url, targetPolicy, errors, 'notify.url')
  const events = [...new Set(given.events === undefined ? base.notify?.events : given.events)]
  return events.length === 0 || events.length === notifyEvents.length ? { url } : { url, events }
}
