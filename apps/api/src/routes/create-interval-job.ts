import { NewIntervalJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { CreateQuery, createThrough, Replaced } from '../create-through.ts'
import { rehearseCreate } from '../dry-run-create.ts'
import { dailyBody, dailyJob } from '../examples.ts'
import { route } from '../route.ts'

export const createIntervalJob = route({
  method: 'post',
  path: '/jobs/interval',
  tag: 'Jobs',
  summary: 'Create an interval job',
  description:
    'Repeats every so many units, at least one of which is more than 0. Years to days are calendar units in the job’s zone (08:00 stays 08:00 when the clocks change), hours to seconds are exact.',
  query: CreateQuery,
  body: NewIntervalJob,
  idempotent: true,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  others: [Replaced],
  problems: ['schedule-exhausted', 'job-type-conflict', 'external-id-ambiguous', 'stale-version'],
  examples: {
    body: {
      daily: dailyBody,
      everyTwoHours: { hours: 2, callback_url: 'http://example.com/every-2-hours', timezone: 'GMT+7' },
    },
    answer: { daily: dailyJob },
  },

  async handle(input, deps) {
    return await createThrough({ ...input, body: { type: 'interval', ...input.body } }, deps)
  },

  async dryRun(input, deps) {
    return await rehearseCreate({ ...input, body: { type: 'interval', ...input.body } }, deps)
  },
})
