import { listDeadLetters as list } from '@scheduler/db/queries/list-dead-letters'
import { z } from 'zod'
import { ExecutionAnswer } from '../answers.ts'
import { deadLetter } from '../dead-letter-example.ts'
import { readDeadLetterFilters } from '../dead-letter-filters.ts'
import { decodeCursor, linkToNext, SHORT_PAGES, TIMED_POSITION } from '../paging.ts'
import { DeadLettersQuery } from '../queries.ts'
import { toExecution } from '../resources.ts'
import { route } from '../route.ts'

export const listDeadLetters = route({
  method: 'get',
  path: '/dead-letters',
  tag: 'Executions',
  summary: 'List dead letters',
  description: `Executions that failed for good and were neither redriven nor put away: the one that died last first, in UTC. ${SHORT_PAGES}`,
  query: DeadLettersQuery,
  answer: { status: 200, schema: z.array(ExecutionAnswer), description: 'The executions.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [deadLetter] } },

  async handle({ query, url }, { pool, settings }) {
    const { limit, cursor, convert_to = 'UTC' } = query
    const position = decodeCursor('dead-letters', TIMED_POSITION, cursor)
    const after = position && { deadAt: new Date(Number(position[1])), id: position[2] ?? '' }
    const { rows, last } = await list(pool, readDeadLetterFilters(query), { limit, after })
    const end = last?.deadAt && `${last.deadAt.getTime()}.${last.id}`
    return {
      body: rows.map((row) => toExecution(row, convert_to)),
      ...linkToNext(url, 'dead-letters', end, settings.publicUrl),
    }
  },
})
