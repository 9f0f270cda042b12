import { listCircuitChanges as find } from '@scheduler/db/queries/circuit-changes'
import { z } from 'zod'
import { CircuitChangeAnswer } from '../answers.ts'
import { DestinationParams, destinationOf } from '../circuit-route.ts'
import { circuitChange } from '../examples.ts'
import { decodeCursor, linkToNext, pageFields, UUID_POSITION } from '../paging.ts'
import { ConvertQuery } from '../queries.ts'
import { toCircuitChange } from '../resources.ts'
import { route } from '../route.ts'

export const listCircuitChanges = route({
  method: 'get',
  path: '/circuits/{destination}/changes',
  tag: 'Operations',
  summary: 'List what became of a circuit',
  description:
    'Newest first, in UTC, as long as the ledger is kept. The next page, when there is one, is in the `Link` header.',
  params: DestinationParams,
  query: ConvertQuery.extend(pageFields),
  answer: { status: 200, schema: z.array(CircuitChangeAnswer), description: 'The changes.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [circuitChange] } },

  async handle({ params, query, url }, { pool, settings }) {
    const { limit, cursor, convert_to = 'UTC' } = query
    const after = decodeCursor('circuit-changes', UUID_POSITION, cursor)?.[0] ?? null
    const { rows, last } = await find(pool, destinationOf(params), { limit, after })
    return {
      body: rows.map((row) => toCircuitChange(row, convert_to)),
      ...linkToNext(url, 'circuit-changes', last?.id, settings.publicUrl),
    }
  },
})
