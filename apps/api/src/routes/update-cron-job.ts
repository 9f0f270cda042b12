import { CronJobUpdate } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { editThrough, rehearseEdit } from '../edit-through.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'
import { cronBody, cronJob } from '../rule-examples.ts'

export const updateCronJob = route({
  method: 'put',
  path: '/jobs/cron/{id}',
  tag: 'Jobs',
  summary: 'Update a cron job',
  description: 'What is left out stays.',
  params: JobParams,
  body: CronJobUpdate,
  bodyLimit: RULE_BODY_LIMIT,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'not-a-cron-job', 'schedule-exhausted', 'stale-version'],
  examples: { body: { cron: cronBody }, answer: { cron: cronJob } },

  async handle(input, deps) {
    return await editThrough(input, deps, { type: 'cron', merge: false })
  },

  async dryRun(input, deps) {
    return await rehearseEdit(input, deps, { type: 'cron', merge: false })
  },
})
