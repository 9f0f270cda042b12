import { NewOnceJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { CreateQuery, createThrough, Replaced } from '../create-through.ts'
import { rehearseCreate } from '../dry-run-create.ts'
import { onceBody, onceJob } from '../examples.ts'
import { route } from '../route.ts'

export const createJob = route({
  method: 'post',
  path: '/jobs',
  tag: 'Jobs',
  summary: 'Create a one-time job',
  description: 'Sends the payload once, at `schedule_time`.',
  query: CreateQuery,
  body: NewOnceJob,
  idempotent: true,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  others: [Replaced],
  problems: ['schedule-exhausted', 'job-type-conflict', 'external-id-ambiguous', 'stale-version'],
  examples: { body: { once: onceBody }, answer: { once: onceJob } },

  async handle(input, deps) {
    return await createThrough({ ...input, body: { type: 'once', ...input.body } }, deps)
  },

  async dryRun(input, deps) {
    return await rehearseCreate({ ...input, body: { type: 'once', ...input.body } }, deps)
  },
})
