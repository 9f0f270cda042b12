import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from '@scheduler/core/problem'
import type { Request, RequestHandler } from 'express'

const OPEN = /^\/(?:health|docs)(?:\/|$)|^\/openapi\.json$/i

/** What receivers are handed, to the letter; these routes ask for a signature themselves. */
const SIGNED = /^\/executions\/[^/]+\/(?:ack|nack|heartbeat)$/

/**
 * Asks for one of the keys as a bearer token, but for health, docs and openapi.json, the URLs that receivers are handed, and
 * requests that `isOurs` knows: callbacks of our own workers, which have no key, to the receiver to try with. Without keys everybody may.
 *
 * Digests are compared, all of them each time, so that the time taken says nothing about a key or its length.
 */
export function auth(keys: string[], isOurs: (req: Request) => Promise<boolean>): RequestHandler {
  const digests = keys.map(digest)
  return async (req, _res, next) => {
    if (digests.length === 0 || OPEN.test(req.path) || SIGNED.test(req.path)) return next()
    const token = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1]
    const given = digest(token ?? '')
    const matches = digests.filter((it) => timingSafeEqual(it, given)).length
    if (token !== undefined && matches > 0) return next()
    if (token === undefined && (await isOurs(req))) return next()
    const detail =
      token === undefined ? 'Send the header authorization: Bearer <API key>.' : 'This API key is not known.'
    const challenge = token === undefined ? 'Bearer' : 'Bearer error="invalid_token"'
    next(new Problem('unauthorized', detail, { headers: { 'www-authenticate': challenge } }))
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
