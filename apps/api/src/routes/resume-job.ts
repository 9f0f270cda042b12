import { misfirePolicies } from '@scheduler/core/schedule'
import { type ResumeOptions, resumeJob as resume } from '@scheduler/db/queries/resume-job'
import { z } from 'zod'
import { databaseUnavailable } from '../answer-problem.ts'
import { JobAnswer } from '../answers.ts'
import { rehearseChange } from '../dry-run.ts'
import { dailyJob } from '../examples.ts'
import { jobId } from '../ids.ts'
import { jobAnswer, matcher } from '../job-answer.ts'
import { JobParams } from '../queries.ts'
import { type Boss, type Deps, route } from '../route.ts'

export const Missed = z.enum(misfirePolicies).meta({
  description:
    'What becomes of the occurrences of the pause, whatever their age: `skip` sends none, `last` the newest, `all` each of them up to `misfire.max`.',
})

export const Rate = z.number().min(0.01).max(1_000).meta({
  description: 'How many executions a second are sent of those that were missed; 10 where it is not given.',
  example: 10,
})

export const Resume = z
  .strictObject({ missed: Missed.default('skip'), rate_per_second: Rate.optional() })
  .meta({ id: 'Resume' })

export const resumeJob = route({
  method: 'post',
  path: '/jobs/{id}/resume',
  tag: 'Jobs',
  summary: 'Resume a paused job',
  description:
    'What the pause left out and is not sent becomes one execution, `skipped` for reason `paused`. What is sent goes out at a rate, and, unless `overlap` is `allow`, one after the other.',
  params: JobParams,
  body: Resume,
  bodyOptional: true,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'job-completed', 'job-quarantined', 'stale-version'],
  examples: { body: { newest: { missed: 'last' } }, answer: { active: dailyJob } },

  async handle({ params, body, headers }, deps) {
    const row = await resume(deps.pool, queueOf(deps), jobId(params), optionsOf(body, headers['if-match'], deps))
    return jobAnswer(row, deps)
  },

  async dryRun({ params, body, headers }, deps) {
    const [id, queue, options] = [jobId(params), queueOf(deps), optionsOf(body, headers['if-match'], deps)]
    return await rehearseChange(id, deps, (client) => resume(client, queue, id, options))
  },
})

/** @throws Problem `database-unavailable` while pg-boss has not been started. */
export function queueOf({ boss }: Deps): Boss {
  const queue = boss()
  if (!queue) throw databaseUnavailable()
  return queue
}

export function optionsOf(
  { missed, rate_per_second }: z.infer<typeof Resume>,
  ifMatch: string | undefined,
  { settings }: Deps,
): ResumeOptions {
  return {
    missed,
    perSecond: rate_per_second,
    graceSeconds: settings.graceSeconds,
    matches: matcher(ifMatch),
  }
}
