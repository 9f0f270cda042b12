import { deleteBlackout as remove } from '@scheduler/db/queries/blackouts'
import { Message } from '../answers.ts'
import { databaseNow } from '../database-now.ts'
import { blackoutId } from '../ids.ts'
import { BlackoutParams } from '../queries.ts'
import { route } from '../route.ts'

const done = { message: 'Blackout deleted successfully' }

export const deleteBlackout = route({
  method: 'delete',
  path: '/blackouts/{id}',
  tag: 'Jobs',
  summary: 'Delete a blackout',
  description: 'Occurrences that it left out stay in the ledger; those to come are sent.',
  params: BlackoutParams,
  answer: { status: 200, schema: Message, description: 'Done.' },
  problems: ['blackout-not-found'],
  examples: { answer: { done } },

  async handle({ params }, deps) {
    await remove(deps.pool, blackoutId(params), await databaseNow(deps))
    return { body: done }
  },
})
