import type { JobSelection } from '@scheduler/db/queries/batch-jobs'
import { pauseJobs } from '@scheduler/db/queries/pause-job'
import { z } from 'zod'
import { batchBody, changeEach, selection } from '../batch-change.ts'
import { BATCH_DEADLINE_MS, ChangedBatch } from '../batch-results.ts'
import type { ChangeMany } from '../change-together.ts'
import { databaseNow } from '../database-now.ts'
import { type Deps, route } from '../route.ts'
import { Pause, pauseJob, requestOf } from './pause-job.ts'

const id = '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'

export const batchPause = route({
  method: 'post',
  path: '/jobs/batch/pause',
  tag: 'Jobs',
  summary: 'Pause many jobs',
  description:
    'Each as by POST /jobs/{id}/pause; what is wrong with one is nothing to the others. With `tag`: those that have it and are not completed, and, without `until`, not paused.',
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
    return await changeEach(pauseJob, body, changeable(body), deps, { together: await togetherOf(body, deps) })
  },

  async dryRun({ body }, deps) {
    return await changeEach(pauseJob, body, changeable(body), deps, { dryRun: true })
  },
  dryAnswer: 'same',
})

/** A paused job takes another end of its pause, and nothing else. */
function changeable({ until }: { until?: string | null | undefined }): JobSelection {
  return until ? ['active', 'quarantined', 'paused'] : ['active', 'quarantined']
}

async function togetherOf(body: z.infer<typeof Pause>, deps: Deps): Promise<ChangeMany> {
  const now = await databaseNow(deps)
  return (ids, { pool }) => pauseJobs(pool, ids, (job) => requestOf(body, job.timezone, now))
}
