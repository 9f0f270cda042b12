import { NewCronJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { CreateQuery, createThrough, Replaced } from '../create-through.ts'
import { rehearseCreate } from '../dry-run-create.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { route } from '../route.ts'
import { cronBody, cronJob } from '../rule-examples.ts'

export const createCronJob = route({
  method: 'post',
  path: '/jobs/cron',
  tag: 'Jobs',
  summary: 'Create a cron job',
  description:
    'Repeats as a cron expression says, in the job’s zone. Where the clocks change, `dst` decides; but if the minute or the hour begins with `*`, the times run as the clocks go.',
  query: CreateQuery,
  body: NewCronJob,
  bodyLimit: RULE_BODY_LIMIT,
  idempotent: true,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  others: [Replaced],
  problems: ['schedule-exhausted', 'job-type-conflict', 'external-id-ambiguous', 'stale-version'],
  examples: { body: { cron: cronBody }, answer: { cron: cronJob } },

  async handle(input, deps) {
    return await createThrough({ ...input, body: { type: 'cron', ...input.body } }, deps)
  },

  async dryRun(input, deps) {
    return await rehearseCreate({ ...input, body: { type: 'cron', ...input.body } }, deps)
  },
})
