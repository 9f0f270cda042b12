import { IntervalJobUpdate } from '@scheduler/core/job'
import { Problem } from '@scheduler/core/problem'
import { editJob } from '@scheduler/db/queries/edit-job'
import { JobAnswer } from '../answers.ts'
import { editOf } from '../edit-fields.ts'
import { dailyBody, dailyJob } from '../examples.ts'
import { jobId } from '../ids.ts'
import { jobAnswer, matcher } from '../job-answer.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const updateIntervalJob = route({
  method: 'put',
  path: '/jobs/interval/{id}',
  tag: 'Jobs',
  summary: 'Update an interval job',
  description:
    'What is left out stays. Units that are given replace the whole interval. Without `start_date` the beat is kept.',
  params: JobParams,
  body: IntervalJobUpdate,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'not-an-interval-job', 'schedule-exhausted', 'stale-version'],
  examples: { body: { daily: dailyBody }, answer: { daily: dailyJob } },

  async handle({ params, body, headers }, deps) {
    const { graceSeconds } = deps.settings
    const options = { matches: matcher(headers['if-match']), graceSeconds }
    const row = await editJob(deps.pool, jobId(params), options, (job, now) => {
      if (job.type !== 'interval') {
        throw new Problem('not-an-interval-job', `The job's type is ${job.type}; change it with PUT /jobs/${job.id}.`)
      }
      // Only PATCH can take the start away: here an empty one, as older clients send it, is none.
      return editOf(job, { ...body, start_date: body.start_date ?? undefined }, now, deps.settings, { merge: false })
    })
    return jobAnswer(row, deps)
  },
})
