import { overlap } from '@scheduler/core/overlap'
import { invalid, Problem } from '@scheduler/core/problem'
import type { Occurrence, OverlapPolicy, Policies } from '@scheduler/core/schedule'
import { timeline } from '@scheduler/core/timeline'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { notifyDue, notifyWork } from '../notify.ts'
import type { JobRow } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { insertLedger } from './insert-ledger.ts'
import { jobStates, taggedBlackouts } from './job-states.ts'
import { lockJob } from './jobs.ts'
import { dueRowsOf } from './ledger-rows.ts'
import { policiesOf } from './policies-of.ts'
import { promote } from './promote.ts'
import { sendAtRate } from './send-at-rate.ts'

/** Occurrences that one backfill may have. */
export const MOST_BACKFILLED = 1_000

export interface Backfill {
  /** Exclusive. */
  from: Date
  /** Inclusive. */
  to: Date
  overlap: OverlapPolicy
  perSecond?: number | undefined
}

export interface Backfilled {
  /** Executions that are sent. */
  executions: number
  /** Occurrences of the range that an earlier backfill has, or that `overlap` leaves out. */
  skipped: number
}

/**
 * Sends the occurrences that a job's schedule, as it is now, names in a range of the past, beside its schedule: its cursor,
 * its runs and its next occurrence stay as they are. An occurrence that was backfilled before is not sent again.
 *
 * @throws Problem `job-not-found`, `validation-failed` for a range that is not past or has too many, or `job-quarantined`.
 */
export async function backfillJob(
  on: Pool | PoolClient,
  boss: PgBoss,
  id: string,
  request: Backfill,
): Promise<Backfilled> {
  const { done, waits } = await transaction(on, async (client) => {
    const { job, now } = await lockJob(client, id, () => true)
    if (request.to > now)
      throw invalid([{ path: 'to', message: 'must not be in the future: the schedule sends those' }])
    const blackouts = (await taggedBlackouts(client, [job]))(job)
    const named = occurrencesIn(job, policiesOf(job, 0, blackouts), request)
    const earlier = await backfilled(client, job.id, request)
    const due = named.filter(({ nominal }) => !earlier.has(nominal))
    const state = (await jobStates(client, [{ ...job, policies: { ...job.policies, overlap: request.overlap } }]))(job)
    // What overlap leaves out has no row: that would keep a later backfill from sending it.
    const { send, cancel } = overlap(request.overlap, due, state)
    if (cancel) await cancelUnfinished(client, [job.id], now)
    const rows = dueRowsOf(job, { send, unsent: [] }).map((row) => ({ ...row, kind: 'backfill' as const }))
    sendAtRate(rows, now, request.perSecond)
    await insertLedger(client, boss, rows, now)
    await notifyWork(client)
    await notifyDue(client, now, now)
    const done = { executions: send.length, skipped: named.length - send.length }
    return { done, waits: rows.some(({ behind }) => behind) }
  })
  // Within a transaction of the caller's, whose lock on the job keeps others out, it can be done at once.
  if (waits) await promote(on, [id])
  return done
}

/** The occurrences of a range that a backfill sent before. */
async function backfilled(client: PoolClient, jobId: string, { from, to }: Backfill): Promise<Set<number>> {
  const { rows } = await client.query<{ at: Date }>(
    `select scheduled_for as at from executions
     where job_id = $1 and kind = 'backfill' and scheduled_for > $2 and scheduled_for <= $3`,
    [jobId, from, to],
  )
  return new Set(rows.map(({ at }) => at.getTime()))
}

function occurrencesIn(job: JobRow, policies: Policies, { from, to }: Backfill): Occurrence[] {
  try {
    const line = timeline(job.schedule, policies)
    const count = line.countIn(from.getTime(), to.getTime())
    if (count > MOST_BACKFILLED) {
      const message = `must be nearer to from: the range has ${count} occurrences, and a backfill sends ${MOST_BACKFILLED} at the most`
      throw invalid([{ path: 'to', message }])
    }
    const found: Occurrence[] = []
    for (let next = line.after(from.getTime()); next !== null && next <= to.getTime(); next = line.after(next)) {
      // No jitter: it is long past.
      found.push({ nominal: next, effective: next })
    }
    return found
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Problem('job-quarantined', `Its schedule can't be computed: ${reason}. Give it another one.`, { cause })
  }
}
