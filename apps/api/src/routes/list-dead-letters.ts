import { listDeadLetters as list } from '@scheduler/db/queries/dead-letters'
import { z } from 'zod'
import { ExecutionAnswer } from '../answers.ts'
import { deadLetter } from '../dead-letter-example.ts'
import { readDeadLetterFilters } from '../dead-letter-filters.ts'
import { decodeCursor, encodeCursor, nextLink, TIMED_POSITION } from '../paging.ts'
import { DeadLettersQuery } from '../queries.ts'
import { toExecution } from '../resources.ts'
import { route } from '../route.ts'

export const listDeadLetters = route({
  method: 'get',
  path: '/dead-letters',
  tag: 'Executions',
  summary: 'List dead letters',
  description:
    'Executions that failed for good and were neither redriven nor put away: the one that died last first, in UTC. The next page, when there is one, is in the `Link` header.',
  query: DeadLettersQuery,
  answer: { status: 200, schema: z.array(ExecutionAnswer), description: 'The executions.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [deadLetter] } },

  async handle({ query, url }, { db, settings }) {
    const { limit, cursor, convert_to = 'UTC' } = query
    const position = decodeCursor('dead-letters', TIMED_POSITION, cursor)
    const after = position && { deadAt: new Date(Number(position[1])), id: position[2] ?? '' }
    // One more than asked for says whether there is a next page.
    const rows = await list(db, readDeadLetterFilters(query), { limit: limit + 1, after })
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const more = rows.length > limit && last?.deadAt
    return {
      body: page.map((row) => toExecution(row, convert_to)),
      ...(more && {
        headers: nextLink(url, encodeCursor('dead-letters', `${more.getTime()}.${last.id}`), settings.publicUrl),
      }),
    }
  },
})
