import { RruleJobUpdate } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { editThrough, rehearseEdit } from '../edit-through.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'
import { rruleBody, rruleJob } from '../rule-examples.ts'

export const updateRruleJob = route({
  method: 'put',
  path: '/jobs/rrule/{id}',
  tag: 'Jobs',
  summary: 'Update an rrule job',
  description: 'What is left out stays.',
  params: JobParams,
  body: RruleJobUpdate,
  bodyLimit: RULE_BODY_LIMIT,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'not-an-rrule-job', 'schedule-exhausted', 'stale-version'],
  examples: { body: { rrule: rruleBody }, answer: { rrule: rruleJob } },

  async handle(input, deps) {
    return await editThrough(input, deps, { type: 'rrule', merge: false })
  },

  async dryRun(input, deps) {
    return await rehearseEdit(input, deps, { type: 'rrule', merge: false })
  },
})
