import { getJob } from '@scheduler/db/queries/jobs'
import { z } from 'zod'
import { ExecutionAnswer } from '../answers.ts'
import { execution } from '../examples.ts'
import { jobId } from '../ids.ts'
import { pageOfExecutions } from '../page-of-executions.ts'
import { SHORT_PAGES } from '../paging.ts'
import { JobExecutionsQuery, JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const listJobExecutions = route({
  method: 'get',
  path: '/jobs/{id}/executions',
  tag: 'Executions',
  summary: "List a job's executions",
  description: `Latest occurrence first; a deleted job’s too, until retention. ${SHORT_PAGES}`,
  params: JobParams,
  query: JobExecutionsQuery,
  answer: { status: 200, schema: z.array(ExecutionAnswer), description: 'The executions.', headers: ['Link'] },
  problems: ['job-not-found'],
  examples: { answer: { one: [execution] } },

  async handle({ params, query, url }, deps) {
    const job = await getJob(deps.db, jobId(params), { deleted: true })
    return await pageOfExecutions({ ...query, job_id: job.id }, url, job.timezone, deps)
  },
})
