import { NewRruleJob } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { CreateQuery, createThrough, Replaced } from '../create-through.ts'
import { rehearseCreate } from '../dry-run-create.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { route } from '../route.ts'
import { rruleBody, rruleJob } from '../rule-examples.ts'

export const createRruleJob = route({
  method: 'post',
  path: '/jobs/rrule',
  tag: 'Jobs',
  summary: 'Create an rrule job',
  description:
    'Repeats as a rule of RFC 5545 says, in the job’s zone. `DAILY` and coarser keep their wall time when the clocks change, as `dst` says; `HOURLY` and finer are exact durations.',
  query: CreateQuery,
  body: NewRruleJob,
  bodyLimit: RULE_BODY_LIMIT,
  idempotent: true,
  answer: { status: 201, schema: JobAnswer, description: 'The job.', headers: ['Location', 'ETag'] },
  others: [Replaced],
  problems: ['schedule-exhausted', 'job-type-conflict', 'external-id-ambiguous', 'stale-version'],
  examples: { body: { rrule: rruleBody }, answer: { rrule: rruleJob } },

  async handle(input, deps) {
    return await createThrough({ ...input, body: { type: 'rrule', ...input.body } }, deps)
  },

  async dryRun(input, deps) {
    return await rehearseCreate({ ...input, body: { type: 'rrule', ...input.body } }, deps)
  },
})
