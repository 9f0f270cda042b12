import type { JobSelection } from '@scheduler/db/queries/batch-jobs'
import { resumeJobs } from '@scheduler/db/queries/resume-job'
import { z } from 'zod'
import { batchBody, changeEach, selection } from '../batch-change.ts'
import { BATCH_DEADLINE_MS, ChangedBatch } from '../batch-results.ts'
import type { ChangeMany } from '../change-together.ts'
import { route } from '../route.ts'
import { optionsOf, queueOf, Resume, resumeJob } from './resume-job.ts'

const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

const changeable: JobSelection = ['paused', 'quarantined']

export const batchResume = route({
  method: 'post',
  path: '/jobs/batch/resume',
  tag: 'Jobs',
  summary: 'Resume many jobs',
  description:
    'Each as by POST /jobs/{id}/resume; what is wrong with one is nothing to the others. With `tag`: those that have it and are paused or quarantined.',
  ...batchBody(z.strictObject({ ...selection, ...Resume.shape })),
  bodyLimit: 1024 * 1024,
  deadlineMs: BATCH_DEADLINE_MS,
  answer: { status: 200, schema: ChangedBatch, description: 'What became of each.' },
  problems: [],
  examples: {
    body: { listed: [id], tagged: { tag: 'reports', missed: 'last' } },
    answer: { done: { results: [{ status: 200, job_id: id }] } },
  },

  async handle({ body }, deps) {
    return await changeEach(resumeJob, body, changeable, deps, { together: togetherOf(body) })
  },

  async dryRun({ body }, deps) {
    return await changeEach(resumeJob, body, changeable, deps, { dryRun: true })
  },
  dryAnswer: 'same',
})

function togetherOf(body: z.infer<typeof Resume>): ChangeMany {
  return (ids, deps) => resumeJobs(deps.pool, queueOf(deps), ids, optionsOf(body, undefined, deps))
}
