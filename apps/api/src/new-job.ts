import type { NewIntervalJob, NewOnceJob } from '@scheduler/core/job'
import { firstCursor, nextOccurrence } from '@scheduler/core/planner'
import { type FieldError, invalid } from '@scheduler/core/problem'
import type { ReadSchedule } from '@scheduler/core/read-schedule'
import type { Schedule } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import { createJob, newJobId } from '@scheduler/db/queries/create-job'
import { exhausted } from '@scheduler/db/queries/edit-job'
import { policiesOf } from '@scheduler/db/queries/policies-of'
import { databaseNow } from './database-now.ts'
import { jobAnswer } from './job-answer.ts'
import { readPayload, readPolicies, readTarget, unique } from './job-fields.ts'
import type { Answer, Deps } from './route.ts'

type Common = Omit<NewOnceJob, 'schedule_time'> & Partial<Pick<NewIntervalJob, 'start_date'>>

/**
 * Creates a job from the fields that all types share and a schedule that `read` makes in the job's zone.
 *
 * @throws Problem `validation-failed`, or `schedule-exhausted` when it names nothing after now.
 */
export async function createFrom(
  body: Common,
  deps: Deps,
  read: (zone: string, now: number) => ReadSchedule<Schedule>,
): Promise<Answer> {
  const { pool, settings } = deps
  const now = await databaseNow(deps)
  const timezone = body.timezone ?? 'UTC'
  const errors: FieldError[] = []
  const target = readTarget(body.callback_url, settings.targetPolicy, errors)
  const payload = readPayload(body.payload ?? {}, errors)
  const result = read(parseZone(timezone) ?? 'UTC', now.getTime())
  if ('errors' in result) throw invalid([...errors, ...result.errors])
  if (errors.length > 0 || !target) throw invalid(errors)

  const id = newJobId()
  const { schedule } = result
  const policies = readPolicies(body)
  const cursor = firstCursor(schedule, now.getTime())
  const next = nextOccurrence(schedule, policiesOf({ id, timezone, policies }, settings.graceSeconds), cursor)
  if (!next) throw exhausted({ schedule })
  const row = await createJob(
    pool,
    {
      id,
      type: schedule.type,
      nextRunAt: new Date(next.effective),
      nextScheduledFor: new Date(next.nominal),
      cursorAt: new Date(cursor),
      ...target,
      timezone,
      schedule,
      policies,
      name: body.name ?? null,
      externalId: body.external_id ?? null,
      tags: unique(body.tags ?? []),
      payload,
    },
    now,
  )
  return jobAnswer(row, deps, { created: true })
}
