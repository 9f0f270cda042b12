import { hash } from 'node:crypto'
import type { ExecutionKind } from '@scheduler/core/execution'
import { v7 as uuidv7 } from 'uuid'

/**
 * The id of an execution, a UUID that begins with a time, so that later ones have greater ids.
 *
 * That of an occurrence of a schedule follows from its job and its nominal time (version 8: 48 bits of the time in ms, then
 * SHA-256): a database that has forgotten it, having been restored or lost its last commits in a failover, names it the same
 * again, and its receiver can tell that it has seen it. What somebody asked for by hand is another thing each time it is asked for.
 */
export function executionId({ jobId, scheduledFor, kind }: Named): string {
  if (kind !== 'schedule') return uuidv7()
  const time = scheduledFor.getTime()
  const digest = hash('sha256', `${jobId} ${time}`, 'hex')
  const at = time.toString(16).padStart(12, '0')
  const variant = ((Number.parseInt(digest.charAt(3), 16) & 0b11) | 0b1000).toString(16)
  return `${at.slice(0, 8)}-${at.slice(8)}-8${digest.slice(0, 3)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`
}

interface Named {
  jobId: string
  scheduledFor: Date
  kind: ExecutionKind
}
