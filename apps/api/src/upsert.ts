import { isDeepStrictEqual } from 'node:util'
import type { NewJob as NewJobBody } from '@scheduler/core/job'
import { invalid, Problem } from '@scheduler/core/problem'
import { rezone } from '@scheduler/core/rezone'
import type { Schedule } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import type { Pool, PoolClient } from '@scheduler/db/client'
import { editJob, type JobEdit } from '@scheduler/db/queries/edit-job'
import { lockExternalId } from '@scheduler/db/queries/lock-external-id'
import type { JobRow } from '@scheduler/db/schema/jobs'
import { transaction } from '@scheduler/db/transaction'
import { jobAnswer, matcher } from './job-answer.ts'
import { createFrom, writtenBy } from './new-job.ts'
import { anew } from './read-delivery.ts'
import type { Answer, Deps } from './route.ts'

/**
 * Creates the job that has the body's external_id, or makes the one that has it what the body says, as a whole: what is
 * left out goes back to its default. A job that is so already is not touched. Equal requests at once make one job.
 *
 * @throws Problem `validation-failed`, `external-id-ambiguous`, `job-type-conflict`, `schedule-exhausted`, or
 * `stale-version` where `ifMatch` means another version, or any while there is no job
 */
export async function upsertFrom(
  body: NewJobBody,
  ifMatch: string | undefined,
  on: Pool | PoolClient,
  deps: Deps,
): Promise<Answer> {
  const externalId = body.external_id
  if (typeof externalId !== 'string') {
    throw invalid([{ path: 'external_id', message: 'is required with upsert=true: it says which job is meant' }])
  }
  return await transaction(on, async (client) => {
    const found = await lockExternalId(client, externalId)
    if (!found && ifMatch !== undefined) {
      const detail = `No job has the external_id ${JSON.stringify(externalId)} now; leave If-Match out to create one.`
      throw new Problem('stale-version', detail)
    }
    if (!found) return await createFrom(body, client, deps)
    if (found.type !== body.type) throw conflict(found, body)
    const options = { matches: matcher(ifMatch), graceSeconds: deps.settings.graceSeconds }
    const row = await editJob(client, found.id, options, (job, now) => {
      const written = writtenBy(body, now, deps.settings, anew(job.id, job.delivery))
      const edit = { ...written, schedule: keepAnchor(job, written) }
      return isSame(job, edit) ? null : edit
    })
    return { ...jobAnswer(row, deps), status: 200 }
  })
}

/** The schedule with the moment it was first created at as its anchor, where neither it nor the job's names another. */
function keepAnchor(job: JobRow, { schedule, timezone }: Required<JobEdit>): Schedule {
  if (!('anchorGiven' in schedule) || schedule.anchorGiven) return schedule
  const [from, to] = [parseZone(job.timezone), parseZone(timezone)]
  const kept = from && to && from !== to ? rezone(job.schedule, from, to) : job.schedule
  return 'anchorGiven' in kept && !kept.anchorGiven ? { ...schedule, anchor: kept.anchor } : schedule
}

function isSame(job: JobRow, edit: Required<JobEdit>): boolean {
  return isDeepStrictEqual({ ...job, ...edit }, job)
}

function conflict(found: Pick<JobRow, 'id' | 'type'>, { type, external_id }: NewJobBody): Problem {
  const named = { once: 'a one-time', interval: 'an interval', cron: 'a cron', rrule: 'an rrule' }
  const detail = `The job ${found.id}, which has the external_id ${JSON.stringify(external_id)}, is ${named[found.type]} job and cannot become ${named[type]} one. Delete it first, or use another external_id.`
  return new Problem('job-type-conflict', detail)
}
