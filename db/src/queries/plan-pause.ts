import { plan } from '@scheduler/core/planner'
import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy, Occurrence, Policies } from '@scheduler/core/schedule'
import type { JobRow } from '../schema/jobs.ts'
import { dueRowsOf, type LedgerRow } from './ledger-rows.ts'
import { policiesOf } from './policies-of.ts'

interface Skipped {
  first: number
  last: number
  count: number
}

/**
 * What a pause left out up to `now`: the occurrences to send all the same, as `missed` says, and the rest as one run.
 *
 * @throws Problem `job-quarantined` when the schedule can't be computed.
 */
export function planPause(
  job: JobRow,
  now: number,
  { missed, graceSeconds }: { missed: MisfirePolicy; graceSeconds: number },
) {
  try {
    const policies: Policies = policiesOf(job, graceSeconds)
    // A grace that reaches back to 1970: whatever the pause left out may still be sent.
    const misfire = {
      ...policies.misfire,
      policy: missed === 'skip' ? 'last' : missed,
      graceSeconds: now / 1000,
    } as const
    const { send, unsent, cursor, next } = plan(job.schedule, { ...policies, misfire }, job.cursorAt.getTime(), now)
    const left = missed === 'skip' ? [...unsent, ...send.map(alone)] : unsent
    return { send: missed === 'skip' ? [] : send, skipped: merge(left), cursor, next }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Problem('job-quarantined', `Its schedule can't be computed: ${reason}. Give it another one.`, { cause })
  }
}

const alone = ({ nominal }: Occurrence): Skipped => ({ first: nominal, last: nominal, count: 1 })

/** Runs in order as one; null for none. */
function merge(runs: Skipped[]): Skipped | null {
  const [first, last] = [runs[0], runs.at(-1)]
  if (!first || !last) return null
  return { first: first.first, last: last.last, count: runs.reduce((sum, it) => sum + it.count, 0) }
}

/** The ledger rows of a pause that ends: those to send, and one row, `skipped` for reason `paused`, for the rest. */
export function pauseRows(job: JobRow, send: Occurrence[], skipped: Skipped | null): LedgerRow[] {
  return dueRowsOf(job, { send, unsent: skipped ? [{ reason: 'paused', ...skipped }] : [] })
}
