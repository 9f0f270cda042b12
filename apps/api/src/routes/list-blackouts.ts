import { listBlackouts as find } from '@scheduler/db/queries/list-blackouts'
import { z } from 'zod'
import { BlackoutAnswer } from '../answers.ts'
import { blackout } from '../examples.ts'
import { decodeCursor, linkToNext, SHORT_PAGES, UUID_POSITION } from '../paging.ts'
import { BlackoutsQuery } from '../queries.ts'
import { toBlackout } from '../resources.ts'
import { route } from '../route.ts'

export const listBlackouts = route({
  method: 'get',
  path: '/blackouts',
  tag: 'Jobs',
  summary: 'List the blackouts of tags',
  description: `Newest first, in UTC. ${SHORT_PAGES}`,
  query: BlackoutsQuery,
  answer: { status: 200, schema: z.array(BlackoutAnswer), description: 'The blackouts.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [blackout] } },

  async handle({ query, url }, { pool, settings }) {
    const { limit, cursor, tag, convert_to = 'UTC' } = query
    const after = decodeCursor('blackouts', UUID_POSITION, cursor)?.[0] ?? null
    const { rows, last } = await find(pool, { tag }, { limit, after })
    return {
      body: rows.map((row) => toBlackout(row, convert_to)),
      ...linkToNext(url, 'blackouts', last?.id, settings.publicUrl),
    }
  },
})
