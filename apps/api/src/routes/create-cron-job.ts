import { NewCronJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { cronBody, cronJob } from '../examples.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { createFrom } from '../new-job.ts'
import { route } from '../route.ts'

export const createCronJob = route({
  method: 'post',
  path: '/jobs/cron',
  tag: 'Jobs',
  summary: 'Create a cron job',
  description:
    'Repeats as a cron expression says, in the job’s zone. Where the clocks change, `dst` decides; but if the minute or the hour begins with `*`, the times run as the clocks go.',
  body: NewCronJob,
  bodyLimit: RULE_BODY_LIMIT,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  problems: ['schedule-exhausted'],
  examples: { body: { cron: cronBody }, answer: { cron: cronJob } },

  async handle({ body }, deps) {
    return await createFrom({ type: 'cron', ...body }, deps)
  },
})
