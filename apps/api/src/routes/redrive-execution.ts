import { createDb, type Pool, type PoolClient } from '@scheduler/db/client'
import { getJob } from '@scheduler/db/queries/jobs'
import { redriveOne } from '@scheduler/db/queries/redrive'
import { tryOut } from '@scheduler/db/queries/rehearse'
import { z } from 'zod'
import { databaseUnavailable } from '../answer-problem.ts'
import { ExecutionAnswer } from '../answers.ts'
import { redrivenExecution } from '../dead-letter-example.ts'
import { idempotently } from '../idempotency.ts'
import { executionId } from '../ids.ts'
import { ExecutionParams } from '../queries.ts'
import { toExecution } from '../resources.ts'
import { type Deps, route } from '../route.ts'

export const redriveExecution = route({
  method: 'post',
  path: '/executions/{id}/redrive',
  tag: 'Executions',
  summary: 'Redrive a dead letter',
  description:
    'Attempts an execution that failed for good again, with all its retries: the same execution, with the same `webhook-id`. What is sent is the job as it is now, also when it is paused. It waits for unfinished executions of its job unless `overlap` is `allow`.',
  params: ExecutionParams,
  body: z.strictObject({}).meta({ id: 'RedriveOne' }),
  bodyOptional: true,
  idempotent: true,
  answer: { status: 202, schema: ExecutionAnswer, description: 'The execution, queued or waiting for its turn.' },
  problems: ['execution-not-found', 'not-a-dead-letter', 'job-deleted'],
  examples: { answer: { queued: redrivenExecution } },

  async handle({ params, idempotency }, deps) {
    const redriven = redriver(executionId(params), deps)
    return await idempotently(idempotency, deps, async (on) => ({ body: await redriven(on) }))
  },

  async dryRun({ params }, deps) {
    return { status: 200, body: await tryOut(deps.pool, redriver(executionId(params), deps)) }
  },
  dryAnswer: { status: 200, schema: ExecutionAnswer, description: 'With `dry_run=true`: nothing is stored.' },
})

/** What redrives an execution and says how it stands then. */
function redriver(id: string, { boss }: Deps) {
  const queue = boss()
  if (!queue) throw databaseUnavailable()
  return async (on: Pool | PoolClient): Promise<z.infer<typeof ExecutionAnswer>> => {
    const row = await redriveOne(on, queue, id)
    const { timezone } = await getJob(createDb(on), row.jobId, { deleted: true })
    return toExecution(row, timezone)
  }
}
