import type { Problem } from '@scheduler/core/problem'
import { isConnectionLost } from '@scheduler/db/database-away'
import type { ChangedJobs } from '@scheduler/db/queries/change-jobs'
import { causeOf, toProblem } from './answer-problem.ts'
import type { Deps } from './route.ts'

/** Changes the jobs with these ids in one transaction. */
export type ChangeMany = (ids: string[], deps: Deps) => Promise<ChangedJobs>

/**
 * Jobs to a transaction. More are no faster (a statement's own cost is small beside that of so many rows by then), and are
 * locked longer.
 */
const GROUP = 100

/** Groups at once. More would take the connections that other requests need. */
const GROUPS_AT_ONCE = 2

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What became of the jobs that could be changed together. */
export interface Together {
  /** By id in lower case; null for one that was changed. */
  results: Map<string, Problem | null>
  /** Whether the last groups failed, so that single changes are likely to fail as well. */
  failed: number
  /** Whether a connection was lost: what it was to do may be done, and would be found done, were it tried again. */
  isLost: boolean
  /** Until when the answer has to wait, by `performance.now()`. */
  until: number
}

/**
 * Changes as many of the jobs as can be, each once, a group of them in a transaction. What is not among the results is for
 * single changes: jobs that somebody held, and those of a group that failed, of which nothing was done then.
 *
 * @param isOver whether no further group is to be begun
 */
export async function changeTogether(
  ids: string[],
  change: ChangeMany,
  deps: Deps,
  isOver: () => boolean,
): Promise<Together> {
  const distinct = [...new Set(ids.map((id) => id.toLowerCase()))].filter((id) => UUID.test(id))
  const done: Together = { results: new Map(), failed: 0, isLost: false, until: 0 }
  let next = 0
  const carryOn = async () => {
    // After a second failure the database is away, or so slow that single changes, which lock less, fare better.
    while (next < distinct.length && !done.isLost && done.failed < 2 && !isOver()) {
      const group = distinct.slice(next, next + GROUP)
      next += GROUP
      try {
        const { results, sendingMs } = await change(group, deps)
        for (const [id, result] of results) done.results.set(id, result)
        if (sendingMs > 0) done.until = Math.max(done.until, performance.now() + sendingMs)
        done.failed = 0
      } catch (error) {
        done.failed += 1
        done.isLost ||= isConnectionLost(error)
        // Each of them is tried by itself, and may well succeed so, at many times the cost: this is the only place that knows.
        if (toProblem(error).code === 'internal-error')
          deps.log.warn({ err: causeOf(error) }, 'jobs not changed together')
      }
    }
  }
  await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, carryOn))
  return done
}
