import { createDb, type Pool, type PoolClient } from '@scheduler/db/client'
import { cancelExecution as cancel } from '@scheduler/db/queries/cancel-execution'
import { getJob } from '@scheduler/db/queries/jobs'
import { tryOut } from '@scheduler/db/queries/rehearse'
import { z } from 'zod'
import { ExecutionAnswer } from '../answers.ts'
import { brokenOffExecution, cancelledExecution } from '../examples.ts'
import { executionId } from '../ids.ts'
import { ExecutionParams } from '../queries.ts'
import { toExecution } from '../resources.ts'
import { route } from '../route.ts'

export const cancelExecution = route({
  method: 'post',
  path: '/executions/{id}/cancel',
  tag: 'Executions',
  summary: 'Cancel an execution',
  description:
    'Ends an execution that is not finished as `cancelled`, reason `cancelled_by_hand`; nothing of it begins after the answer, and its job stays as it is. One whose attempt is in flight is answered as `running` with that reason, unless it has ended by then: its worker breaks the request off, and it is cancelled once that is written down, or succeeded when the receiver was faster. One that a receiver has accepted with 202 is cancelled at once. Executions that wait for it go on. One that is cancelled already, whatever for, is answered as it is, so that the request can be repeated.',
  params: ExecutionParams,
  body: z.strictObject({}).meta({ id: 'CancelOne' }),
  bodyOptional: true,
  answer: { status: 200, schema: ExecutionAnswer, description: 'The execution as it is now.' },
  problems: ['execution-not-found', 'execution-finished'],
  examples: { answer: { cancelled: cancelledExecution, beingBrokenOff: brokenOffExecution } },

  async handle({ params }, { pool }) {
    return { body: await answerOf(pool, executionId(params)) }
  },

  async dryRun({ params }, { pool }) {
    return { status: 200, body: await tryOut(pool, (client) => answerOf(client, executionId(params))) }
  },
  dryAnswer: { status: 200, schema: ExecutionAnswer, description: 'With `dry_run=true`: nothing is stored.' },
})

async function answerOf(on: Pool | PoolClient, id: string): Promise<z.infer<typeof ExecutionAnswer>> {
  const row = await cancel(on, id)
  const { timezone } = await getJob(createDb(on), row.jobId, { deleted: true })
  return toExecution(row, timezone)
}
