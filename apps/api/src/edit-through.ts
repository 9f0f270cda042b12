import type { CronJobUpdate, IntervalJobUpdate, JobUpdate, RruleJobUpdate } from '@scheduler/core/job'
import { Problem } from '@scheduler/core/problem'
import type { ScheduleType } from '@scheduler/core/schedule'
import type { Pool, PoolClient } from '@scheduler/db/client'
import { editJob } from '@scheduler/db/queries/edit-job'
import type { JobRow } from '@scheduler/db/schema/jobs'
import { rehearseChange } from './dry-run.ts'
import { type EditMode, editOf, type Fields } from './edit-fields.ts'
import { jobId } from './ids.ts'
import { jobAnswer, matcher } from './job-answer.ts'
import type { Answer, Deps, Input } from './route.ts'

type Body = Fields | JobUpdate | IntervalJobUpdate | CronJobUpdate | RruleJobUpdate

const wrongType = { interval: 'not-an-interval-job', cron: 'not-a-cron-job', rrule: 'not-an-rrule-job' } as const

type Request = Pick<Input<unknown, Body>, 'params' | 'body' | 'headers'>

interface Mode extends EditMode {
  /** The only one that the route edits; none: any. */
  type?: Exclude<ScheduleType, 'once'>
}

/** Edits a job as a request's body says, and answers with it. */
export async function editThrough(request: Request, deps: Deps, mode: Mode): Promise<Answer> {
  return jobAnswer(await edit(request, deps.pool, deps, mode), deps)
}

/** Answers with what the edit would come to. */
export async function rehearseEdit(request: Request, deps: Deps, mode: Mode): Promise<Answer> {
  return await rehearseChange(jobId(request.params), deps, (client) => edit(request, client, deps, mode))
}

async function edit(
  { params, body, headers }: Request,
  on: Pool | PoolClient,
  { settings }: Deps,
  { type, merge }: Mode,
): Promise<JobRow> {
  const options = { matches: matcher(headers['if-match']), graceSeconds: settings.graceSeconds }
  return await editJob(on, jobId(params), options, (job, now) => {
    if (type && job.type !== type) {
      throw new Problem(wrongType[type], `The job's type is ${job.type}; change it with PATCH /jobs/${job.id}.`)
    }
    return editOf(job, body, now, settings, { merge })
  })
}
