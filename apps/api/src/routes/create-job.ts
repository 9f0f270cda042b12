import { NewOnceJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { onceBody, onceJob } from '../examples.ts'
import { createFrom } from '../new-job.ts'
import { route } from '../route.ts'

export const createJob = route({
  method: 'post',
  path: '/jobs',
  tag: 'Jobs',
  summary: 'Create a one-time job',
  description: 'Sends the payload once, at `schedule_time`.',
  body: NewOnceJob,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  problems: ['schedule-exhausted'],
  examples: { body: { once: onceBody }, answer: { once: onceJob } },

  async handle({ body }, deps) {
    return await createFrom({ type: 'once', ...body }, deps)
  },
})
