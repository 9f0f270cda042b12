import { plan } from '@scheduler/core/planner'
import { Problem } from '@scheduler/core/problem'
import type { MisfirePolicy, Occurrence, Policies } from '@scheduler/core/schedule'
import type { PgBoss } from 'pg-boss'
import type { Pool } from '../client.ts'
import { notifyWork } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { changeJob } from './change-job.ts'
import { insertLedger } from './insert-ledger.ts'
import type { LedgerRow } from './ledger-rows.ts'
import { policiesOf } from './policies-of.ts'

/**
 * Lets a paused or quarantined job make occurrences again. What came due during the pause is sent as `missed` says,
 * whatever its age; the rest of it becomes one ledger row, `skipped` for reason `paused`.
 *
 * @throws Problem `job-completed`, or `job-quarantined` when its schedule still can't be computed.
 */
export async function resumeJob(
  pool: Pool,
  boss: PgBoss,
  id: string,
  options: { missed: MisfirePolicy; graceSeconds: number; matches: (version: number) => boolean },
): Promise<JobRow> {
  let rows: LedgerRow[] = []
  return await changeJob(
    pool,
    id,
    options.matches,
    ({ job, now }) => {
      if (job.status === 'active') return null
      if (job.status === 'completed') {
        throw new Problem(
          'job-completed',
          'The job is completed: nothing is left to resume. Give it a new schedule first.',
        )
      }
      const { send, skipped, cursor, next } = planPause(job, now.getTime(), options)
      rows = ledgerRows({ ...job, version: job.version + 1 }, send, skipped)
      return {
        status: next ? 'active' : 'completed',
        statusReason: null,
        pausedAt: null,
        completedAt: next ? null : now,
        cursorAt: new Date(cursor),
        nextRunAt: next && new Date(next.effective),
        nextScheduledFor: next && new Date(next.nominal),
      }
    },
    async (client, job) => {
      if ((await insertLedger(client, boss, rows, job.updatedAt)) > 0) await notifyWork(client)
    },
  )
}

interface Skipped {
  first: number
  last: number
  count: number
}

function planPause(
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

function ledgerRows(job: JobRow, send: Occurrence[], skipped: Skipped | null): LedgerRow[] {
  const common = { jobId: job.id, jobVersion: job.version, kind: 'schedule', destination: job.destination } as const
  const sent = send.map(
    ({ nominal, effective }): LedgerRow => ({
      ...common,
      state: 'queued',
      reason: null,
      scheduledFor: new Date(nominal),
      scheduledUntil: null,
      count: 1,
      effectiveAt: new Date(effective),
    }),
  )
  if (!skipped) return sent
  const row: LedgerRow = {
    ...common,
    state: 'skipped',
    reason: 'paused',
    scheduledFor: new Date(skipped.first),
    scheduledUntil: skipped.count > 1 ? new Date(skipped.last) : null,
    count: skipped.count,
    effectiveAt: new Date(skipped.first),
  }
  return [row, ...sent]
}
