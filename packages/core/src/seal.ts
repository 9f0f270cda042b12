import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** The keys that secrets are sealed with: the first seals, each opens what it sealed. */
export interface Keys {
  /** Key id and key, newest first. Empty: nothing can be sealed. */
  list: readonly { kid: string; key: Buffer }[]
}

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const KID = /^[A-Za-z0-9_-]{1,32}$/

/** Reads `kid:base64,…`, the newest first. @throws Error that says which entry is at fault, without the key. */
export function readKeys(entries: readonly string[]): Keys {
  const list = entries.map((entry, i) => {
    const at = entry.indexOf(':')
    const kid = entry.slice(0, Math.max(at, 0))
    const key = Buffer.from(entry.slice(at + 1), 'base64')
    if (!KID.test(kid)) throw new Error(`entry ${i + 1} must begin with a key id and a colon: k1:<base64>`)
    if (key.length !== KEY_BYTES)
      throw new Error(`the key ${kid} must be ${KEY_BYTES} bytes in base64 (openssl rand -base64 32)`)
    return { kid, key }
  })
  const doubled = list.find(({ kid }, i) => list.findIndex((it) => it.kid === kid) !== i)
  if (doubled) throw new Error(`the key id ${doubled.kid} is given twice`)
  return { list }
}

/** A secret that can't be opened: its key is not known here, or it was sealed for something else. */
export class SealError extends Error {
  override name = 'SealError'
}

/**
 * Seals a secret with AES-256-GCM under the newest key: `v1:kid:iv:tag:ciphertext`, base64url. `context` says what it is
 * for (a job's id and a field): opened for anything else, it does not open.
 *
 * @throws SealError without keys
 */
export function seal(keys: Keys, context: string, secret: string): string {
  const [newest] = keys.list
  if (!newest) throw new SealError('there is no key to seal with')
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', newest.key, iv).setAAD(Buffer.from(context))
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return ['v1', newest.kid, ...[iv, cipher.getAuthTag(), text].map((it) => it.toString('base64url'))].join(':')
}

/** @throws SealError that names the key id, never the secret */
export function unseal(keys: Keys, context: string, sealed: string): string {
  const [version, kid, ...parts] = sealed.split(':')
  const [iv, tag, text] = parts.map((part) => Buffer.from(part, 'base64url'))
  const key = keys.list.find((it) => it.kid === kid)?.key
  if (version !== 'v1' || !iv || !tag || !text || tag.length !== TAG_BYTES)
    throw new SealError('this is no sealed secret')
  if (!key) throw new SealError(`the key ${kid} is not among ENCRYPTION_KEYS`)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context)).setAuthTag(tag)
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
  } catch {
    throw new SealError(`a secret sealed with the key ${kid} does not open`)
  }
}

/**
 * One of `old` where that is the same secret already, so that writing it again changes nothing; else sealed anew.
 *
 * @throws SealError without keys
 */
export function sealOrKeep(keys: Keys, context: string, secret: string, old: readonly string[]): string {
  return old.find((it) => opensTo(keys, context, it) === secret) ?? seal(keys, context, secret)
}

/** The secret, or null where it does not open: one whose key is gone can be written anew. */
function opensTo(keys: Keys, context: string, sealed: string): string | null {
  try {
    return unseal(keys, context, sealed)
  } catch (error) {
    if (error instanceof SealError) return null
    throw error
  }
}

/** How long a secret is, without opening it. */
export const sealedBytes = (sealed: string): number => Buffer.from(sealed.split(':')[4] ?? '', 'base64url').length

/** The id of the key that sealed a secret. */
export const keyIdOf = (sealed: string): string => sealed.split(':')[1] ?? ''

/** Keys of another purpose, made from the same ones: what one is used for says nothing of the others. */
export function deriveKeys(keys: Keys, purpose: string): Buffer[] {
  return keys.list.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', `scheduler ${purpose}`, KEY_BYTES)))
}

/** What the secrets of a job are sealed for. */
export const headerContext = (jobId: string, name: string): string => `${jobId}|header|${name}`
export const signingContext = (jobId: string): string => `${jobId}|signing`
