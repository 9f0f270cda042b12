// How the findings name things.
import type { LedgerRow } from '../history.ts'

/** To the millisecond; of a moment that is none, the word. */
export const when = (at: number): string => (Number.isFinite(at) ? new Date(at).toISOString() : 'never')

export const occurrence = (jobId: string, at: number): string => `job ${jobId}, due at ${when(at)}`

/** `execution 01… (job 01…, schedule of 2026-…)`. */
export function execution({ id, jobId, kind, scheduledFor, scheduledUntil }: LedgerRow): string {
  const until = scheduledUntil === null ? '' : ` to ${when(scheduledUntil)}`
  return `execution ${id} (job ${jobId}, ${kind}, ${when(scheduledFor)}${until})`
}

export const ending = ({ state, reason }: Pick<LedgerRow, 'state' | 'reason'>): string =>
  reason === null ? state : `${state} ${reason}`

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`
