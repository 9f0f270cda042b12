import type { NewJob as NewJobBody } from '@scheduler/core/job'
import { clockAfter } from '@scheduler/core/planner'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { checkDst, readNewSchedule } from '@scheduler/core/read-new-schedule'
import { readRetention } from '@scheduler/core/retention'
import { parseZone } from '@scheduler/core/timezone'
import type { Pool, PoolClient } from '@scheduler/db/client'
import { createJob, type NewJob, newJobId } from '@scheduler/db/queries/create-job'
import { exhausted, type JobEdit } from '@scheduler/db/queries/edit-job'
import { policiesOf } from '@scheduler/db/queries/policies-of'
import { databaseNow } from './database-now.ts'
import { jobAnswer } from './job-answer.ts'
import { readPolicies, readTarget, unique } from './job-fields.ts'
import { noBody, readBody } from './read-body.ts'
import { anew, readDelivery, storedDelivery, type Writing } from './read-delivery.ts'
import type { Answer, Deps, Settings } from './route.ts'

/** Creates a job and answers with it. @throws as `newJobOf` */
export async function createFrom(body: NewJobBody, on: Pool | PoolClient, deps: Deps): Promise<Answer> {
  const now = await databaseNow(deps)
  const row = await createJob(on, newJobOf(body, now, deps.settings), now)
  return jobAnswer(row, deps, { created: true })
}

/**
 * The row of a job that is created at `now`, not yet written.
 *
 * @throws Problem `validation-failed` that names every field at fault, or `schedule-exhausted` when the schedule names nothing
 * after now.
 */
export function newJobOf(body: NewJobBody, now: Date, settings: Settings): NewJob {
  const id = newJobId()
  const written = writtenBy(body, now, settings, anew(id))
  const { schedule } = written
  // The cursor is now: what the schedule named before was never promised. A start that is to come is itself the first.
  const { next, wakeAt } = clockAfter(schedule, policiesOf({ id, ...written }, settings.graceSeconds), now.getTime())
  if (!next || wakeAt === null) throw exhausted({ schedule }, now)
  return {
    id,
    type: schedule.type,
    nextRunAt: new Date(wakeAt),
    nextScheduledFor: new Date(next.nominal),
    cursorAt: now,
    ...written,
  }
}

/**
 * All that a create writes of what a client may write; what it leaves out is at its default.
 *
 * @param writing of the job that is made, or made anew
 * @throws Problem `validation-failed` that names every field at fault
 */
export function writtenBy(body: NewJobBody, now: Date, settings: Settings, writing: Writing): Required<JobEdit> {
  const timezone = body.timezone ?? 'UTC'
  const zone = parseZone(timezone) ?? 'UTC'
  const errors: FieldError[] = []
  const target = readTarget(body.callback_url, settings.targetPolicy, errors)
  const delivery = readDelivery(body, writing, settings, errors)
  const { payload, raw } = readBody(body, noBody, { merge: false, method: delivery.method }, errors)
  const policies = readPolicies(body, zone, errors)
  const result = readNewSchedule(body, zone, now.getTime())
  if ('errors' in result) throw invalid([...errors, ...result.errors])
  const { schedule } = result
  errors.push(...checkDst(schedule, policies.dst))
  if (errors.length > 0 || !target) throw invalid(errors)
  return {
    ...target,
    timezone,
    schedule,
    policies,
    name: body.name ?? null,
    externalId: body.external_id ?? null,
    tags: unique(body.tags ?? []),
    payload,
    delivery: storedDelivery(delivery, raw),
    flowKey: body.flow_key ?? null,
    retention: readRetention(body.retention ?? null, null),
  }
}
