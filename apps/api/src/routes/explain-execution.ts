import { parseZone } from '@scheduler/core/timezone'
import { getExecution } from '@scheduler/db/queries/executions'
import { getJob } from '@scheduler/db/queries/jobs'
import { databaseNow } from '../database-now.ts'
import { explain } from '../explain.ts'
import { ExplanationAnswer, explanationExample } from '../explain-answer.ts'
import { ruleOfVersion } from '../explain-rule.ts'
import { executionId } from '../ids.ts'
import { ExecutionParams } from '../queries.ts'
import { route } from '../route.ts'

export const explainExecution = route({
  method: 'get',
  path: '/executions/{id}/explain',
  tag: 'Executions',
  summary: 'Explain an execution',
  description: 'Why it stands where it stands: in a sentence, with the facts.',
  params: ExecutionParams,
  answer: { status: 200, schema: ExplanationAnswer, description: 'What happened.' },
  problems: ['execution-not-found'],
  examples: { answer: { succeeded: explanationExample } },

  async handle({ params }, deps) {
    const row = await getExecution(deps.db, executionId(params))
    const job = await getJob(deps.db, row.jobId, { deleted: true })
    const now = (await databaseNow(deps)).getTime()
    const at = row.scheduledFor.getTime()
    const rule = await ruleOfVersion(job, row.jobVersion, at, deps)
    const zone = rule?.zone ?? parseZone(job.timezone) ?? 'UTC'
    return { body: await explain({ job, now, at, matched: 'exact', rule, zone, row }, deps) }
  },
})
