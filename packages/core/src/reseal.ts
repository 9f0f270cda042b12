import type { StoredDelivery, StoredHeader } from './delivery.ts'
import { headerContext, type Keys, keyIdOf, SealError, seal, signingContext, unseal } from './seal.ts'

export interface Resealed {
  delivery: StoredDelivery
  /** How many secrets were sealed anew. */
  sealed: number
  /** Ids of the keys of those that do not open; they stay as they are. */
  lost: string[]
}

/** Whether a job has a secret that another key than the newest sealed. */
export function isSealedByOlder(keys: Keys, delivery: StoredDelivery | null): boolean {
  return sealsOf(delivery).some((it) => keyIdOf(it) !== keys.list[0]?.kid)
}

/** Seals anew, under the newest key, what an older one sealed. */
export function reseal(keys: Keys, jobId: string, delivery: StoredDelivery): Resealed {
  const result: Resealed = { delivery: { ...delivery }, sealed: 0, lost: [] }
  const again = (context: string, old: string): string => {
    if (keyIdOf(old) === keys.list[0]?.kid) return old
    try {
      const fresh = seal(keys, context, unseal(keys, context, old))
      result.sealed += 1
      return fresh
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      result.lost.push(keyIdOf(old))
      return old
    }
  }
  const header = (it: StoredHeader): StoredHeader =>
    'sealed' in it ? { name: it.name, sealed: again(headerContext(jobId, it.name), it.sealed) } : it
  if (delivery.headers) result.delivery.headers = delivery.headers.map(header)
  if (delivery.signing) result.delivery.signing = delivery.signing.map((it) => again(signingContext(jobId), it))
  return result
}

const sealsOf = (delivery: StoredDelivery | null): string[] => [
  ...(delivery?.headers ?? []).flatMap((it) => ('sealed' in it ? [it.sealed] : [])),
  ...(delivery?.signing ?? []),
]

/** Ids of the keys of those secrets of a job that do not open. */
export function unsealable(keys: Keys, jobId: string, delivery: StoredDelivery): string[] {
  const opens = (context: string, sealed: string): boolean => {
    try {
      unseal(keys, context, sealed)
      return true
    } catch (error) {
      if (error instanceof SealError) return false
      throw error
    }
  }
  const headers = (delivery.headers ?? []).flatMap((it) =>
    'sealed' in it && !opens(headerContext(jobId, it.name), it.sealed) ? [it.sealed] : [],
  )
  const signing = (delivery.signing ?? []).filter((it) => !opens(signingContext(jobId), it))
  return [...headers, ...signing].map(keyIdOf)
}
