import type { JobSelection } from '@scheduler/db/queries/batch-jobs'
import { z } from 'zod'
import { batchBody, changeEach, selection } from '../batch-change.ts'
import { BATCH_DEADLINE_MS, ChangedBatch } from '../batch-results.ts'
import { route } from '../route.ts'
import { Pause, pauseJob } from './pause-job.ts'

const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

export const batchPause = route({
  method: 'post',
  path: '/jobs/batch/pause',
  tag: 'Jobs',
  summary: 'Pause many jobs',
  description:
    'Each as by POST /jobs/{id}/pause, in a transaction of its own. With `tag`: those that have it and are not completed, and, without `until`, not paused.',
  ...batchBody(z.strictObject({ ...selection, ...Pause.shape })),
  bodyLimit: 1024 * 1024,
  deadlineMs: BATCH_DEADLINE_MS,
  answer: { status: 200, schema: ChangedBatch, description: 'What became of each.' },
  problems: [],
  examples: {
    body: { listed: [id], tagged: { tag: 'reports', reason: 'maintenance' } },
    answer: { done: { results: [{ status: 200, job_id: id }] } },
  },

  async handle({ body }, deps) {
    return await changeEach(pauseJob, body, changeable(body), deps)
  },

  async dryRun({ body }, deps) {
    return await changeEach(pauseJob, body, changeable(body), deps, true)
  },
  dryAnswer: 'same',
})

/** A paused job takes another end of its pause, and nothing else. */
function changeable({ until }: { until?: string | null | undefined }): JobSelection {
  return until ? ['active', 'quarantined', 'paused'] : ['active', 'quarantined']
}
