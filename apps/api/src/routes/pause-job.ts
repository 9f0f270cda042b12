import { DateTimeText, Reason } from '@scheduler/core/fields'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { readDateTime } from '@scheduler/core/read-rule'
import { parseZone } from '@scheduler/core/timezone'
import { getJob } from '@scheduler/db/queries/jobs'
import { type PauseRequest, pauseJob as pause } from '@scheduler/db/queries/pause-job'
import { z } from 'zod'
import { JobAnswer } from '../answers.ts'
import { databaseNow } from '../database-now.ts'
import { rehearseChange } from '../dry-run.ts'
import { pausedJob } from '../examples.ts'
import { jobId } from '../ids.ts'
import { jobAnswer, matcher } from '../job-answer.ts'
import { JobParams } from '../queries.ts'
import { type Deps, route } from '../route.ts'
import { Missed } from './resume-job.ts'

export const Pause = z
  .strictObject({
    reason: Reason.nullish(),
    until: DateTimeText.nullish().meta({
      description: 'When it is resumed by itself; without an offset, wall time in the job’s zone. None: by hand.',
    }),
    missed: Missed.optional().meta({ description: 'With `until`: what then becomes of the occurrences of the pause.' }),
  })
  .meta({ id: 'Pause' })

export const pauseJob = route({
  method: 'post',
  path: '/jobs/{id}/pause',
  tag: 'Jobs',
  summary: 'Pause a job',
  description:
    'Nothing begins after the answer, until it is resumed: by hand, or by itself at `until`. A paused job stays as it is, but for an `until` that is given.',
  params: JobParams,
  body: Pause,
  bodyOptional: true,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'job-completed', 'stale-version'],
  examples: {
    body: {
      why: { reason: 'maintenance' },
      untilMonday: { reason: 'holidays', until: '2027-01-04T00:00:00', missed: 'last' },
    },
    answer: { paused: pausedJob },
  },

  async handle({ params, body, headers }, deps) {
    const id = jobId(params)
    const request = await requestFor(body, id, deps)
    return jobAnswer(await pause(deps.pool, id, request, matcher(headers['if-match'])), deps)
  },

  async dryRun({ params, body, headers }, deps) {
    const id = jobId(params)
    const request = await requestFor(body, id, deps)
    return await rehearseChange(id, deps, (client) => pause(client, id, request, matcher(headers['if-match'])))
  },
})

async function requestFor(body: z.infer<typeof Pause>, id: string, deps: Deps): Promise<PauseRequest> {
  if (!body.until) return requestOf(body, 'UTC', new Date(0))
  const { timezone } = await getJob(deps.db, id)
  return requestOf(body, timezone, await databaseNow(deps))
}

/**
 * What a body asks for of a job in a zone, where it is now. @throws Problem `validation-failed` when `until` is not in the
 * future.
 */
export function requestOf({ reason, until, missed }: z.infer<typeof Pause>, timezone: string, now: Date): PauseRequest {
  return { reason: reason ?? null, until: until ? untilOf(until, timezone, now) : null, missed: missed ?? null }
}

function untilOf(text: string, timezone: string, now: Date): Date {
  const errors: FieldError[] = []
  const read = readDateTime('until', text, parseZone(timezone) ?? 'UTC', errors)
  if (read && read.instant <= now.getTime()) errors.push({ path: 'until', message: 'must be in the future' })
  if (!read || errors.length > 0) throw invalid(errors)
  return new Date(read.instant)
}
