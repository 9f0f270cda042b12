import { JobUpdate } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { editThrough, rehearseEdit } from '../edit-through.ts'
import { onceBody, onceJob } from '../examples.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const updateJob = route({
  method: 'put',
  path: '/jobs/{id}',
  tag: 'Jobs',
  summary: 'Update a job',
  description:
    'What is left out stays. A new `timezone` alone: a one-time job keeps its instant, a recurring one its wall time. A completed job that is given a future schedule becomes active again.',
  params: JobParams,
  body: JobUpdate,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'job-type-conflict', 'schedule-exhausted', 'stale-version'],
  examples: { body: { once: onceBody }, answer: { once: onceJob } },

  async handle(input, deps) {
    return await editThrough(input, deps, { merge: false })
  },

  async dryRun(input, deps) {
    return await rehearseEdit(input, deps, { merge: false })
  },
})
