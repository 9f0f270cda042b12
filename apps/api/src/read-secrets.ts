import type { StoredHeader } from '@scheduler/core/delivery'
import {
  type HeaderValue,
  isSecretHeader,
  MASK,
  MAX_HEADERS,
  MAX_HEADERS_SIZE,
  textOf,
} from '@scheduler/core/header-fields'
import type { FieldError } from '@scheduler/core/problem'
import { headerContext, type Keys, sealedBytes, sealOrKeep, signingContext } from '@scheduler/core/seal'
import type { Writing } from './read-delivery.ts'

/** The headers and the signing secrets of a job as they are stored: what is secret of them sealed, never plain. */

/** In order of their names, so that the same headers are always stored as the same. */
export function readHeaders(
  given: Record<string, HeaderValue | null> | null,
  { id, kept, merge }: Writing,
  keys: Keys,
  errors: FieldError[],
): StoredHeader[] {
  const old = new Map(kept.headers?.map((it) => [it.name, it]))
  const result = new Map(merge && given ? old : [])
  for (const [asGiven, value] of Object.entries(given ?? {})) {
    const name = asGiven.toLowerCase()
    const read = value === null ? null : readHeader({ name, value, old: old.get(name), id }, keys)
    if (read === null) result.delete(name)
    else if (typeof read === 'string') errors.push({ path: `headers.${asGiven}`, message: read })
    else result.set(name, read)
  }
  const headers = [...result.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (headers.length > MAX_HEADERS) errors.push({ path: 'headers', message: `must be at most ${MAX_HEADERS} headers` })
  if (headers.reduce((sum, it) => sum + sizeOf(it), 0) > MAX_HEADERS_SIZE) {
    errors.push({ path: 'headers', message: `must have at most ${MAX_HEADERS_SIZE} characters in all` })
  }
  return headers
}

/** Or why there can be no such header. */
function readHeader(
  { name, value, old, id }: { name: string; value: HeaderValue; old: StoredHeader | undefined; id: string },
  keys: Keys,
): StoredHeader | string {
  const text = textOf(value)
  const sealed = old && 'sealed' in old ? old.sealed : undefined
  if (text === MASK) {
    if (old && sealed !== undefined) return old
    return `must be the secret itself: ${MASK} keeps one that is stored, and there is none`
  }
  if (typeof value === 'string' && !isSecretHeader(name)) return { name, value }
  if (keys.list.length === 0) return NO_KEYS
  return { name, sealed: sealOrKeep(keys, headerContext(id, name), text, sealed ? [sealed] : []) }
}

/** The secrets sealed; none where null is given, or there is no key. */
export function readSigning(
  given: string[] | null,
  { id, kept }: Writing,
  keys: Keys,
  errors: FieldError[],
): string[] | null {
  if (given === null) return null
  if (keys.list.length === 0) {
    errors.push({ path: 'signing_secrets', message: NO_KEYS })
    return null
  }
  return given.map((secret) => sealOrKeep(keys, signingContext(id), secret, kept.signing ?? []))
}

const NO_KEYS =
  'is secret, and this instance has no key to keep it under: set ENCRYPTION_KEYS in the environment of the API and of the workers, to k1: and what openssl rand -base64 32 prints'

const sizeOf = (it: StoredHeader): number =>
  it.name.length + ('sealed' in it ? sealedBytes(it.sealed) : it.value.length)
