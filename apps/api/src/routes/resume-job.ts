import { misfirePolicies } from '@scheduler/core/schedule'
import { resumeJob as resume } from '@scheduler/db/queries/resume-job'
import { z } from 'zod'
import { databaseUnavailable } from '../answer-problem.ts'
import { JobAnswer } from '../answers.ts'
import { dailyJob } from '../examples.ts'
import { jobId } from '../ids.ts'
import { jobAnswer, matcher } from '../job-answer.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'

const missed = z.enum(misfirePolicies).default('skip').meta({
  description:
    'What becomes of the occurrences of the pause, whatever their age: `skip` sends none, `last` the newest, `all` each of them up to `misfire.max`.',
})

export const resumeJob = route({
  method: 'post',
  path: '/jobs/{id}/resume',
  tag: 'Jobs',
  summary: 'Resume a paused job',
  description: 'What the pause left out and is not sent becomes one execution, `skipped` for reason `paused`.',
  params: JobParams,
  body: z.strictObject({ missed }).meta({ id: 'Resume' }),
  bodyOptional: true,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found', 'job-completed', 'job-quarantined', 'stale-version'],
  examples: { body: { newest: { missed: 'last' } }, answer: { active: dailyJob } },

  async handle({ params, body, headers }, deps) {
    const id = jobId(params)
    const boss = deps.boss()
    if (!boss) throw databaseUnavailable()
    const matches = matcher(headers['if-match'])
    const { graceSeconds } = deps.settings
    return jobAnswer(await resume(deps.pool, boss, id, { missed: body.missed, graceSeconds, matches }), deps)
  },
})
