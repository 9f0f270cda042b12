import { putAwayOne } from '@scheduler/db/queries/dead-letters'
import { tryOut } from '@scheduler/db/queries/rehearse'
import { Message } from '../answers.ts'
import { executionId } from '../ids.ts'
import { ExecutionParams } from '../queries.ts'
import { route } from '../route.ts'

const done = { message: 'Dead letter put away successfully' }

export const deleteDeadLetter = route({
  method: 'delete',
  path: '/dead-letters/{id}',
  tag: 'Executions',
  summary: 'Put a dead letter away',
  description: 'It is a dead letter no more, and can’t be redriven; in the ledger it stays, failed.',
  params: ExecutionParams,
  answer: { status: 200, schema: Message, description: 'Done.' },
  problems: ['execution-not-found', 'not-a-dead-letter'],
  examples: { answer: { done } },

  async handle({ params }, { pool }) {
    await putAwayOne(pool, executionId(params))
    return { body: done }
  },

  async dryRun({ params }, { pool }) {
    const id = executionId(params)
    await tryOut(pool, (client) => putAwayOne(client, id))
    return { body: done }
  },
  dryAnswer: 'same',
})
