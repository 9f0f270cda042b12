import { getJob } from '@scheduler/db/queries/jobs'
import { databaseNow } from '../database-now.ts'
import { explain } from '../explain.ts'
import { ExplanationAnswer, explanationExample } from '../explain-answer.ts'
import { findSubject } from '../explain-find.ts'
import { jobId } from '../ids.ts'
import { ExplainQuery, JobParams } from '../queries.ts'
import { route } from '../route.ts'

export const explainJob = route({
  method: 'get',
  path: '/jobs/{id}/explain',
  tag: 'Jobs',
  summary: 'Explain what became of an instant',
  description:
    'Why the job ran then, or did not, or whether it will: in a sentence, with the facts. A question about the past is answered by the schedule of then; a deleted job’s too, until retention.',
  params: JobParams,
  query: ExplainQuery,
  answer: { status: 200, schema: ExplanationAnswer, description: 'What happened.' },
  problems: ['job-not-found'],
  examples: { answer: { succeeded: explanationExample } },

  async handle({ params, query }, deps) {
    const job = await getJob(deps.db, jobId(params), { deleted: true })
    const now = await databaseNow(deps)
    return { body: await explain(await findSubject(job, query.at, now.getTime(), deps), deps) }
  },
})
