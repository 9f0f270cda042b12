import { NewIntervalJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { dailyBody, dailyJob } from '../examples.ts'
import { createFrom } from '../new-job.ts'
import { route } from '../route.ts'

export const createIntervalJob = route({
  method: 'post',
  path: '/jobs/interval',
  tag: 'Jobs',
  summary: 'Create an interval job',
  description:
    'Repeats every so many units, at least one of which is more than 0. Years to days are calendar units in the job’s zone (08:00 stays 08:00 when the clocks change), hours to seconds are exact.',
  body: NewIntervalJob,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  problems: ['schedule-exhausted'],
  examples: {
    body: {
      daily: dailyBody,
      everyTwoHours: { hours: 2, callback_url: 'http://example.com/every-2-hours', timezone: 'GMT+7' },
    },
    answer: { daily: dailyJob },
  },

  async handle({ body }, deps) {
    return await createFrom({ type: 'interval', ...body }, deps)
  },
})
