import { isDeepStrictEqual } from 'node:util'
import { nextOccurrence } from '@scheduler/core/planner'
import { Problem } from '@scheduler/core/problem'
import { parseZone } from '@scheduler/core/timezone'
import type { Pool } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { changeJob, type JobChange, redirectPending } from './change-job.ts'
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
  >
>

/**
 * Edits a job, and moves what it has pending to its destination. `edit` gets the row as it is under the lock.
 *
 * A schedule that names other instants starts afresh: what it names up to now is not owed, what the old one named
 * until now is still sent, and a completed or quarantined job becomes active. Any other edit leaves the job's clock where it was.
 *
 * @throws Problem `schedule-exhausted` when a new schedule names nothing after now, and what `edit` throws.
 */
export async function editJob(
  pool: Pool,
  id: string,
  options: { matches: (version: number) => boolean; graceSeconds: number },
  edit: (job: JobRow, now: Date) => JobEdit,
): Promise<JobRow> {
  return await changeJob(
    pool,
    id,
    options.matches,
    async ({ job, now }, client) => {
      const edited = { ...job, ...edit(job, now) }
      const clock = clockOf(job, edited, now, options.graceSeconds)
      if (!sameInstants(job, edited)) await recordDue(client, job, now, { ...options, send: true })
      return { ...edited, ...clock }
    },
    redirectPending,
  )
}

function clockOf(job: JobRow, edited: JobRow, now: Date, graceSeconds: number): JobChange {
  const changed = !sameInstants(job, edited)
  if (!changed && job.status !== 'active') return {}
  const cursorAt = changed ? now : job.cursorAt
  const next = nextOccurrence(edited.schedule, policiesOf(edited, graceSeconds), cursorAt.getTime())
  if (!next) throw exhausted(edited)
  if (job.status === 'paused') return { cursorAt }
  return {
    cursorAt,
    status: 'active',
    statusReason: null,
    completedAt: null,
    nextRunAt: new Date(next.effective),
    nextScheduledFor: new Date(next.nominal),
  }
}

/** Whether two states of a job name the same instants. Of a one-time job only the instant counts, however it is written. */
function sameInstants(a: JobRow, b: JobRow): boolean {
  if (a.schedule.type === 'once' && b.schedule.type === 'once') {
    return Date.parse(a.schedule.at) === Date.parse(b.schedule.at)
  }
  return parseZone(a.timezone) === parseZone(b.timezone) && isDeepStrictEqual(a.schedule, b.schedule)
}

/** What a create or an edit is refused with when its schedule names nothing after now. */
export function exhausted({ schedule }: Pick<JobRow, 'schedule'>): Problem {
  const detail =
    schedule.type === 'once'
      ? `schedule_time, ${schedule.at}, is not in the future.`
      : 'The schedule has no occurrence after now: end_date comes before the next one.'
  return new Problem('schedule-exhausted', detail)
}
