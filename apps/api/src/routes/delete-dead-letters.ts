import { invalid } from '@scheduler/core/problem'
import type { Pool, PoolClient } from '@scheduler/db/client'
import { MOST_PUT_AWAY, putAway } from '@scheduler/db/queries/dead-letters'
import { tryOut } from '@scheduler/db/queries/rehearse'
import type { z } from 'zod'
import { PutAwayAnswer, toRemaining } from '../dead-letter-answers.ts'
import { readDeadLetterFilters, WALKED } from '../dead-letter-filters.ts'
import { PutAwayQuery } from '../queries.ts'
import { route } from '../route.ts'

export const deleteDeadLetters = route({
  method: 'delete',
  path: '/dead-letters',
  tag: 'Executions',
  summary: 'Put dead letters away',
  description: `They are dead letters no more, and can't be redriven; in the ledger they stay, failed. At least one filter is needed, or \`all=true\`. At most ${MOST_PUT_AWAY.toLocaleString('en')} at once, those that died first. ${WALKED}`,
  query: PutAwayQuery,
  deadlineMs: 30_000,
  answer: { status: 200, schema: PutAwayAnswer, description: 'How many.' },
  problems: [],
  examples: { answer: { some: { deleted: 12, remaining: 0, remaining_is_lower_bound: false } } },

  async handle({ query }, { pool }) {
    return { body: await putter(query)(pool) }
  },

  async dryRun({ query }, { pool }) {
    return { body: await tryOut(pool, putter(query)) }
  },
  dryAnswer: 'same',
})

/** What puts away those that a query means. @throws Problem `validation-failed` where it does not say which */
function putter(query: z.infer<typeof PutAwayQuery>) {
  const filters = readDeadLetterFilters(query)
  if (!query.all && Object.values(filters).every((it) => it === undefined)) {
    const message = 'must be true, or a filter must be given: without one, all dead letters would be put away'
    throw invalid([{ path: 'all', message }])
  }
  return async (on: Pool | PoolClient): Promise<z.infer<typeof PutAwayAnswer>> => {
    const { deleted, left } = await putAway(on, filters, MOST_PUT_AWAY)
    return { deleted, ...toRemaining(left) }
  }
}
