import type { JobSelection } from '@scheduler/db/queries/batch-jobs'
import { z } from 'zod'
import { batchBody, changeEach, selection } from '../batch-change.ts'
import { BATCH_DEADLINE_MS, ChangedBatch } from '../batch-results.ts'
import { route } from '../route.ts'
import { deleteJob } from './delete-job.ts'

const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

const changeable: JobSelection = ['active', 'paused', 'completed', 'quarantined']

export const batchDelete = route({
  method: 'post',
  path: '/jobs/batch/delete',
  tag: 'Jobs',
  summary: 'Delete many jobs',
  description:
    'Each as by DELETE /jobs/{id}, in a transaction of its own. With `tag`: those that have it, whatever their status.',
  ...batchBody(z.strictObject({ ...selection })),
  bodyLimit: 1024 * 1024,
  deadlineMs: BATCH_DEADLINE_MS,
  answer: { status: 200, schema: ChangedBatch, description: 'What became of each.' },
  problems: [],
  examples: {
    body: { listed: [id], tagged: { tag: 'reports' } },
    answer: { done: { results: [{ status: 200, job_id: id }] } },
  },

  async handle({ body }, deps) {
    return await changeEach(deleteJob, body, changeable, deps)
  },

  async dryRun({ body }, deps) {
    return await changeEach(deleteJob, body, changeable, deps, true)
  },
  dryAnswer: 'same',
})
