import { listBlackouts as find } from '@scheduler/db/queries/blackouts'
import { z } from 'zod'
import { BlackoutAnswer } from '../answers.ts'
import { blackout } from '../examples.ts'
import { decodeCursor, encodeCursor, nextLink, UUID_POSITION } from '../paging.ts'
import { BlackoutsQuery } from '../queries.ts'
import { toBlackout } from '../resources.ts'
import { route } from '../route.ts'

export const listBlackouts = route({
  method: 'get',
  path: '/blackouts',
  tag: 'Jobs',
  summary: 'List the blackouts of tags',
  description: 'Newest first, in UTC. The next page, when there is one, is in the `Link` header.',
  query: BlackoutsQuery,
  answer: { status: 200, schema: z.array(BlackoutAnswer), description: 'The blackouts.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [blackout] } },

  async handle({ query, url }, { db, settings }) {
    const { limit, cursor, tag, convert_to = 'UTC' } = query
    const after = decodeCursor('blackouts', UUID_POSITION, cursor)?.[0] ?? null
    // One more than asked for says whether there is a next page.
    const rows = await find(db, { tag }, { limit: limit + 1, after })
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const more = rows.length > limit && last
    return {
      body: page.map((row) => toBlackout(row, convert_to)),
      ...(more && { headers: nextLink(url, encodeCursor('blackouts', last.id), settings.publicUrl) }),
    }
  },
})
