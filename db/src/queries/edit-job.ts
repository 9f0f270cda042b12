import { isDeepStrictEqual } from 'node:util'
import { clockAfter } from '@scheduler/core/planner'
import { Problem } from '@scheduler/core/problem'
import { rezone } from '@scheduler/core/rezone'
import { defaultDst } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import type { Pool, PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { changeJob, type JobChange, redirectPending } from './change-job.ts'
import { clockColumns } from './move-clocks.ts'
import { policiesOf } from './policies-of.ts'
import { recordDue } from './record-due.ts'

/** The columns that a client may write. */
export type JobEdit = Partial<
  Pick<
    JobRow,
    | 'callbackUrl'
    | 'destination'
    | 'callbackHost'
    | 'timezone'
    | 'schedule'
    | 'policies'
    | 'name'
    | 'externalId'
    | 'tags'
    | 'payload'
    | 'delivery'
    | 'flowKey'
    | 'retention'
  >
>

/**
 * Edits a job, and moves what it has pending to its destination. `edit` gets the row as it is under the lock; where it
 * returns null, or what is there already, nothing is touched.
 *
 * A schedule that names other instants starts afresh: what it names up to now is not owed, what the old one named
 * until now is still sent, and a completed or quarantined job becomes active. Any other edit leaves the job's clock where it was.
 *
 * @param on as for `changeJob`
 * @throws Problem `schedule-exhausted` when a new schedule names nothing after now, and what `edit` throws.
 */
export async function editJob(
  on: Pool | PoolClient,
  id: string,
  options: { matches: (version: number) => boolean; graceSeconds: number },
  edit: (job: JobRow, now: Date) => JobEdit | null,
): Promise<JobRow> {
  return await changeJob(
    on,
    id,
    options.matches,
    async ({ job, now }, client) => {
      const written = edit(job, now)
      const edited = { ...job, ...written }
      if (isDeepStrictEqual(edited, job)) return null
      // Refused before anything is recorded.
      clockOf(job, edited, now, options.graceSeconds)
      // What becomes of the occurrences of a pause is said when it is resumed, with the blackouts that hold then.
      const same = job.status === 'paused' ? sameInstants : sameOccurrences
      const recorded = same(job, edited) ? job : await recordDue(client, job, now, { ...options, send: true })
      return { ...edited, ...clockOf({ ...job, ...recorded }, edited, now, options.graceSeconds, job.runs) }
    },
    redirectPending,
  )
}

/** @param before how many runs there were before what was due was recorded */
function clockOf(job: JobRow, edited: JobRow, now: Date, graceSeconds: number, before = job.runs): JobChange {
  const changed = !sameInstants(job, edited)
  const runs = onlyMoved(job, edited) ? job.runs : 0
  const isSpent = runs >= (edited.policies.maxRuns ?? Infinity)
  const revived = job.status === 'completed' && edited.policies.maxRuns !== job.policies.maxRuns && !isSpent
  if (!changed && !revived && job.status !== 'active') return {}
  const policies = policiesOf(edited, graceSeconds)
  const cursorAt = changed || revived ? now : job.cursorAt
  const { next, wakeAt } = clockAfter(edited.schedule, policies, cursorAt.getTime())
  // What is left of a job as it was may all lie in its blackouts.
  if (wakeAt === null || (!next && (changed || revived))) throw exhausted(edited, now)
  const maxRuns = edited.policies.maxRuns ?? Infinity
  if (isSpent && before >= maxRuns) throw spent(runs)
  if (job.status === 'paused') return { cursorAt, runs }
  if (isSpent) {
    // The last run was due when the edit came.
    return { cursorAt, runs, status: 'completed', completedAt: now, nextRunAt: null, nextScheduledFor: null }
  }
  return { cursorAt, runs, status: 'active', statusReason: null, completedAt: null, ...clockColumns({ next, wakeAt }) }
}

/** Whether two states of a job have the same rule. Of a one-time job only the instant counts, however it is written. */
function sameRule(a: JobRow, b: JobRow): boolean {
  if (a.schedule.type === 'once' && b.schedule.type === 'once') {
    return Date.parse(a.schedule.at) === Date.parse(b.schedule.at)
  }
  return parseZone(a.timezone) === parseZone(b.timezone) && isDeepStrictEqual(a.schedule, b.schedule)
}

/** Whether a job's rule is what it was, perhaps in another zone: a new rule counts its runs anew. */
function onlyMoved(job: JobRow, edited: JobRow): boolean {
  const [from, to] = [parseZone(job.timezone), parseZone(edited.timezone)]
  if (!from || !to) return false
  return isDeepStrictEqual(from === to ? job.schedule : rezone(job.schedule, from, to), edited.schedule)
}

/** Whether two states of a job name the same instants, and leave out the same of them. */
function sameOccurrences(a: JobRow, b: JobRow): boolean {
  const dark = (job: JobRow) => [job.policies.blackouts ?? [], job.tags]
  return sameInstants(a, b) && isDeepStrictEqual(dark(a), dark(b))
}

/** Whether two states of a job name the same instants. */
function sameInstants(a: JobRow, b: JobRow): boolean {
  const dst = (job: JobRow) => ({ ...defaultDst, ...job.policies.dst })
  return sameRule(a, b) && (a.type === 'once' || isDeepStrictEqual(dst(a), dst(b)))
}

/** What a create or an edit is refused with when its schedule names nothing after now. */
export function exhausted({ schedule }: Pick<JobRow, 'schedule'>, now: Date): Problem {
  const isDark = schedule.type === 'once' && Date.parse(schedule.at) > now.getTime()
  const detail =
    schedule.type === 'once'
      ? `schedule_time, ${schedule.at}, ${isDark ? 'lies in a blackout of the job' : 'is not in the future'}.`
      : 'The schedule has no occurrence after now that could be sent; look at its start_date, its end, its end_date and its blackouts.'
  return new Problem('schedule-exhausted', detail)
}

function spent(runs: number): Problem {
  return new Problem('schedule-exhausted', `max_runs must be more than ${runs}, which the job has sent already.`)
}
