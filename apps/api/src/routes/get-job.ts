import { getJob as findJob } from '@scheduler/db/queries/jobs'
import { JobAnswer } from '../answers.ts'
import { dailyJob } from '../examples.ts'
import { jobId } from '../ids.ts'
import { jobAnswer } from '../job-answer.ts'
import { ConvertQuery, JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const getJob = route({
  method: 'get',
  path: '/jobs/{id}',
  tag: 'Jobs',
  summary: 'Read a job',
  params: JobParams,
  query: ConvertQuery,
  answer: { status: 200, schema: JobAnswer, description: 'The job.', headers: ['ETag'] },
  problems: ['job-not-found'],
  examples: { answer: { daily: dailyJob } },

  async handle({ params, query }, deps) {
    return jobAnswer(await findJob(deps.db, jobId(params)), deps, { convertTo: query.convert_to })
  },
})
