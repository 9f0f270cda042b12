import type { CronJobUpdate, IntervalJobUpdate, JobUpdate, RruleJobUpdate } from '@scheduler/core/job'
import { Problem } from '@scheduler/core/problem'
import type { ScheduleType } from '@scheduler/core/schedule'
import { editJob } from '@scheduler/db/queries/edit-job'
import { type EditMode, editOf, type Fields } from './edit-fields.ts'
import { jobId } from './ids.ts'
import { jobAnswer, matcher } from './job-answer.ts'
import type { Answer, Deps, Input } from './route.ts'

type Body = Fields | JobUpdate | IntervalJobUpdate | CronJobUpdate | RruleJobUpdate

const wrongType = { interval: 'not-an-interval-job', cron: 'not-a-cron-job', rrule: 'not-an-rrule-job' } as const

/** Edits a job as a request's body says, and answers with it. @param type the only one that the route edits; none: any */
export async function editThrough(
  { params, body, headers }: Pick<Input<unknown, Body>, 'params' | 'body' | 'headers'>,
  deps: Deps,
  { type, merge }: EditMode & { type?: Exclude<ScheduleType, 'once'> },
): Promise<Answer> {
  const options = { matches: matcher(headers['if-match']), graceSeconds: deps.settings.graceSeconds }
  const row = await editJob(deps.pool, jobId(params), options, (job, now) => {
    if (type && job.type !== type) {
      throw new Problem(wrongType[type], `The job's type is ${job.type}; change it with PATCH /jobs/${job.id}.`)
    }
    return editOf(job, body, now, deps.settings, { merge })
  })
  return jobAnswer(row, deps)
}
