import { IntervalJobUpdate } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { editThrough, rehearseEdit } from '../edit-through.ts'
import { dailyBody, dailyJob } from '../examples.ts'
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

  async handle(input, deps) {
    return await editThrough({ ...input, body: keepStart(input.body) }, deps, { type: 'interval', merge: false })
  },

  async dryRun(input, deps) {
    return await rehearseEdit({ ...input, body: keepStart(input.body) }, deps, { type: 'interval', merge: false })
  },
})

/** Only PATCH can take the start away: here an empty one, as older clients send it, is none. */
const keepStart = (body: IntervalJobUpdate) => ({ ...body, start_date: body.start_date ?? undefined })
