import type { JobState, Occurrence, OverlapPolicy } from './schedule.ts'

/** Executions of a job that wait for those before them, at the most; what comes due beyond is `overlap_skipped`. */
export const MOST_BEHIND = 1_000

/** An occurrence to send; `behind`: not before the job's executions before it are finished. */
export interface Send extends Occurrence {
  behind: boolean
}

export interface Overlap {
  send: Send[]
  /** Not sent, because another is not finished; consecutive, oldest first. */
  skipped: Occurrence[]
  /** Whether the job's unfinished executions are to be cancelled. */
  cancel: boolean
}

/**
 * What becomes of due occurrences, oldest first, in view of the job's unfinished executions.
 *
 * `skip` sends nothing while one is unfinished; several that a pass finds due (a misfire policy that sends all) are sent one
 * after the other, as with `queue_all`. `queue_one` lets one wait, the first that came due. `cancel_running` cancels what is
 * unfinished and sends the newest. `allow` sends all at once.
 */
export function overlap(policy: OverlapPolicy, due: Occurrence[], { live, behind }: JobState): Overlap {
  if (due.length === 0) return { send: [], skipped: [], cancel: false }
  const busy = live + behind > 0
  switch (policy) {
    case 'allow':
      return { send: due.map((it) => ({ ...it, behind: false })), skipped: [], cancel: false }
    case 'skip':
      return busy ? { send: [], skipped: due, cancel: false } : inTurn(due, MOST_BEHIND)
    case 'queue_one':
      return inTurn(due, Math.max(0, 1 - behind))
    case 'queue_all':
      return inTurn(due, Math.max(0, MOST_BEHIND - behind))
    case 'cancel_running': {
      const send = due.slice(-1).map((it) => ({ ...it, behind: live > 0 }))
      return { send, skipped: due.slice(0, -1), cancel: busy }
    }
  }

  /** The first at once, unless something is unfinished, and up to `most` after it, one by one. */
  function inTurn(occurrences: Occurrence[], most: number): Overlap {
    const count = most + (busy ? 0 : 1)
    return {
      send: occurrences.slice(0, count).map((it, i) => ({ ...it, behind: busy || i > 0 })),
      skipped: occurrences.slice(count),
      cancel: false,
    }
  }
}
