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
 * (57014), a lock or deadlock (55P03, 40), read only (25006), refused at the door (28, 3D).
 */
const stateCodes = /^(?:08|53|57P0|57014|55P03|40|25006|28|3D)/

// The driver gives these no code.
const messages = [
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Connection terminated',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
]

/** Whether an error, or what caused it, says that the database can't be reached or does not answer; trying again may help. */
export function isDatabaseAway(error: unknown): boolean {
  for (let it = error; it instanceof Error; it = it.cause) {
    const { code } = it as { code?: unknown }
    if (typeof code === 'string' && (networkCodes.has(code) || stateCodes.test(code))) return true
    if (messages.some((text) => (it as Error).message.startsWith(text))) return true
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
    if ((it as { code?: unknown }).code === '57014' || it.message.startsWith('Query read timeout')) return true
  }
  return false
}
