import { NewRruleJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { rruleBody, rruleJob } from '../examples.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { createFrom } from '../new-job.ts'
import { route } from '../route.ts'

export const createRruleJob = route({
  method: 'post',
  path: '/jobs/rrule',
  tag: 'Jobs',
  summary: 'Create an rrule job',
  description:
    'Repeats as a rule of RFC 5545 says, in the job’s zone. `DAILY` and coarser keep their wall time when the clocks change, as `dst` says; `HOURLY` and finer are exact durations.',
  body: NewRruleJob,
  bodyLimit: RULE_BODY_LIMIT,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  problems: ['schedule-exhausted'],
  examples: { body: { rrule: rruleBody }, answer: { rrule: rruleJob } },

  async handle({ body }, deps) {
    return await createFrom({ type: 'rrule', ...body }, deps)
  },
})
