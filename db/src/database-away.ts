/** Of node's sockets and resolver. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])

/**
 * SQLSTATEs: connection trouble (08), out of resources (53), ended or starting up (57P), a statement that took too long
 * (57014), a lock or deadlock (55P03, 40), read only (25006), a transaction that was idle or open for too long, and whose
 * connection is ended for it (25P03, 25P04), refused at the door (28, 3D).
 */
const stateCodes = /^(?:08|53|57P0|57014|55P03|40|25006|25P0[34]|28|3D)/

// The driver gives these no code.
const lostMessages = ['Connection terminated', 'Client has encountered a connection error']
const NO_ANSWER = 'Query read timeout'
const messages = [
  'timeout exceeded when trying to connect',
  NO_ANSWER,
  ...lostMessages,
  'Cannot use a pool after calling end',
]

/** Of the SQLSTATEs those after which there is no connection. */
const lostStates = /^(?:08|57P0|25P0[34])/

/** Whether an error, or what caused it, says that the database can't be reached or does not answer; trying again may help. */
export function isDatabaseAway(error: unknown): boolean {
  for (let it = error; it instanceof Error; it = it.cause) {
    const { code } = it as { code?: unknown }
    if (typeof code === 'string' && (networkCodes.has(code) || stateCodes.test(code))) return true
    if (messages.some((text) => (it as Error).message.startsWith(text))) return true
  }
  return false
}

/** A commit whose answer did not come: what it was to write may be written, or not. */
export class CommitUnanswered extends Error {
  override readonly name = 'CommitUnanswered'
}

/** What a commit failed with, marked where nobody knows what became of it. */
export function ofCommit(error: Error): Error {
  const isOpen = isConnectionLost(error) || error.message.startsWith(NO_ANSWER)
  return isOpen ? new CommitUnanswered(error.message, { cause: error }) : error
}

/**
 * Whether there was no connection, or there is none any more, so that what was to be done may be done all the same; unlike a
 * lock that was not got, or a statement that was broken off, after which a server that answers has undone everything.
 */
export function isConnectionLost(error: unknown): boolean {
  for (let it = error; it instanceof Error; it = it.cause) {
    const { code } = it as { code?: unknown }
    if (it instanceof CommitUnanswered) return true
    if (typeof code === 'string' && (networkCodes.has(code) || lostStates.test(code))) return true
    if (lostMessages.some((text) => (it as Error).message.startsWith(text))) return true
  }
  return false
}

/** Whether the server refused to write: it is no primary, or no longer one. */
export function isReadOnly(error: unknown): boolean {
  for (let it = error; it instanceof Error; it = it.cause) {
    if ((it as { code?: unknown }).code === '25006') return true
  }
  return false
}

/** Whether a statement took longer than it may: the server broke it off, or the client did. */
export function isTimeout(error: unknown): boolean {
  for (let it = error; it instanceof Error; it = it.cause) {
    if ((it as { code?: unknown }).code === '57014' || it.message.startsWith(NO_ANSWER)) return true
  }
  return false
}
