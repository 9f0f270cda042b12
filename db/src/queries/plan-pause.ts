import { type Plan, plan } from '@scheduler/core/planner'
import { Problem } from '@scheduler/core/problem'
import type { Blackout, JobState, MisfirePolicy, Occurrence, Policies } from '@scheduler/core/schedule'
import type { JobRow } from '../schema/jobs.ts'
import { dueRowsOf, type LedgerRow } from './ledger-rows.ts'
import { policiesOf } from './policies-of.ts'

interface Skipped {
  first: number
  last: number
  count: number
}

export interface PauseOptions {
  /** Which occurrences of the pause are sent all the same. */
  missed: MisfirePolicy
  graceSeconds: number
  state: JobState
  /** Those of the job's tags. */
  blackouts: Blackout[]
}

/** What a pause left out: what is sent of it, the rest as one run, and the job's clock after it. */
export interface PausePlan extends Omit<Plan, 'unsent'> {
  skipped: Skipped | null
}

/**
 * What a pause left out up to `now`: the occurrences to send all the same, as `missed` says, and the rest as one run.
 * Under `overlap: skip` what is asked for is sent one after the other, not dropped because the first is under way.
 *
 * @throws Problem `job-quarantined` when the schedule can't be computed.
 */
export function planPause(
  job: JobRow,
  now: number,
  { missed, graceSeconds, state, blackouts }: PauseOptions,
): PausePlan {
  try {
    const policies: Policies = policiesOf(job, graceSeconds, blackouts)
    // A grace that reaches back to 1970: whatever the pause left out may still be sent.
    const misfire = { ...policies.misfire, policy: missed, graceSeconds: now / 1000 }
    const cursor = job.cursorAt.getTime()
    if (missed === 'skip') {
      // The newest is left out like the others; it counts as no run, so no number of runs may stop the plan.
      const all = {
        ...policies,
        misfire: { ...misfire, policy: 'last' as const },
        maxRuns: null,
        overlap: 'allow' as const,
      }
      const planned = plan(job.schedule, all, cursor, now)
      return { ...planned, send: [], skipped: merge([...planned.unsent, ...planned.send.map(alone)]), runs: state.runs }
    }
    const overlap = policies.overlap === 'skip' ? 'queue_all' : policies.overlap
    const { unsent, ...planned } = plan(job.schedule, { ...policies, misfire, overlap }, cursor, now, state)
    return { ...planned, skipped: merge(unsent) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Problem('job-quarantined', `Its schedule can't be computed: ${reason}. Give it another one.`, { cause })
  }
}

const alone = ({ nominal }: Occurrence): Skipped => ({ first: nominal, last: nominal, count: 1 })

/** Runs as one; null for none. */
function merge(runs: Skipped[]): Skipped | null {
  if (runs.length === 0) return null
  const [first, last] = [Math.min(...runs.map((it) => it.first)), Math.max(...runs.map((it) => it.last))]
  return { first, last, count: runs.reduce((sum, it) => sum + it.count, 0) }
}

/** The ledger rows of a pause that ends: those to send, and one row, `skipped` for reason `paused`, for the rest. */
export function pauseRows(job: JobRow, { send, skipped }: Pick<PausePlan, 'send' | 'skipped'>): LedgerRow[] {
  return dueRowsOf(job, { send, unsent: skipped ? [{ reason: 'paused', ...skipped }] : [] })
}
