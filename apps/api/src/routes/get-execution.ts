import { getExecution as findExecution } from '@scheduler/db/queries/executions'
import { getJob } from '@scheduler/db/queries/jobs'
import { ExecutionAnswer } from '../answers.ts'
import { execution } from '../examples.ts'
import { executionId } from '../ids.ts'
import { ConvertQuery, ExecutionParams } from '../queries.ts'
import { toExecution } from '../resources.ts'
import { route } from '../route.ts'

export const getExecution = route({
  method: 'get',
  path: '/executions/{id}',
  tag: 'Executions',
  summary: 'Read an execution',
  params: ExecutionParams,
  query: ConvertQuery,
  answer: { status: 200, schema: ExecutionAnswer, description: 'The execution.' },
  problems: ['execution-not-found'],
  examples: { answer: { succeeded: execution } },

  async handle({ params, query }, { db }) {
    const row = await findExecution(db, executionId(params))
    const timezone = query.convert_to ?? (await getJob(db, row.jobId, { deleted: true })).timezone
    return { body: toExecution(row, timezone) }
  },
})
