import { Reason } from '@scheduler/core/fields'
import { pauseJob as pause } from '@scheduler/db/queries/pause-job'
import { z } from 'zod'
import { JobAnswer } from '../answers.ts'
import { pausedJob } from '../examples.ts'
import { jobId } from '../ids.ts'
import { jobAnswer, matcher } from '../job-answer.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const pauseJob = route({
  method: 'post',
  path: '/jobs/{id}/pause',
  tag: 'Jobs',
  summary: 'Pause a job',
  description: 'Nothing begins after the answer, until it is resumed. A paused job stays as it is.',
  params: JobParams,
  body: z.strictObject({ reason: Reason.nullish() }).meta({ id: 'Pause' }),
  bodyOptional: true,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'job-completed', 'stale-version'],
  examples: { body: { why: { reason: 'maintenance' } }, answer: { paused: pausedJob } },

  async handle({ params, body, headers }, deps) {
    const row = await pause(deps.pool, jobId(params), body.reason ?? null, matcher(headers['if-match']))
    return jobAnswer(row, deps)
  },
})
