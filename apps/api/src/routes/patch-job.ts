import { JobPatch } from '@scheduler/core/job'
import { JobAnswer } from '../answers.ts'
import { patientAnswer, patientDelivery } from '../delivery-example.ts'
import { editThrough, rehearseEdit } from '../edit-through.ts'
import { dailyJob } from '../examples.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const patchJob = route({
  method: 'patch',
  path: '/jobs/{id}',
  tag: 'Jobs',
  summary: 'Change some fields of a job',
  description:
    'A JSON merge patch (RFC 7396), `payload` included. With `If-Match`, the ETag of the version that was read, a job that has changed meanwhile is left alone: 412.',
  params: JobParams,
  body: JobPatch,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'job-type-conflict', 'schedule-exhausted', 'stale-version'],
  examples: {
    body: {
      rename: { name: 'Daily report', tags: ['reports'] },
      slower: { days: 2, end_date: null },
      delivery: patientDelivery,
    },
    answer: { daily: dailyJob, delivery: { ...dailyJob, ...patientAnswer } },
  },

  async handle(input, deps) {
    return await editThrough(input, deps, { merge: true })
  },

  async dryRun(input, deps) {
    return await rehearseEdit(input, deps, { merge: true })
  },
})
