import type { JobSelection } from '@scheduler/db/queries/batch-jobs'
import { deleteJobs } from '@scheduler/db/queries/delete-job'
import { z } from 'zod'
import { batchBody, changeEach, selection } from '../batch-change.ts'
import { BATCH_DEADLINE_MS, ChangedBatch } from '../batch-results.ts'
import type { ChangeMany } from '../change-together.ts'
import { route } from '../route.ts'
import { deleteJob } from './delete-job.ts'

const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

const changeable: JobSelection = ['active', 'paused', 'completed', 'quarantined']

const together: ChangeMany = (ids, { pool, settings }) => deleteJobs(pool, ids, settings.graceSeconds)

export const batchDelete = route({
  method: 'post',
  path: '/jobs/batch/delete',
  tag: 'Jobs',
  summary: 'Delete many jobs',
  description:
    'Each as by DELETE /jobs/{id}; what is wrong with one is nothing to the others. With `tag`: those that have it, whatever their status.',
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
    return await changeEach(deleteJob, body, changeable, deps, { together })
  },

  async dryRun({ body }, deps) {
    return await changeEach(deleteJob, body, changeable, deps, { dryRun: true })
  },
  dryAnswer: 'same',
})
