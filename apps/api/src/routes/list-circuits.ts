import { listCircuits as findCircuits } from '@scheduler/db/queries/list-circuits'
import { z } from 'zod'
import { CircuitAnswer, COUNTED_IN_LIST } from '../answers.ts'
import { circuit } from '../examples.ts'
import { decodeCursor, linkToNext, NAME_POSITION, pageFields } from '../paging.ts'
import { toCircuit } from '../resources.ts'
import { route } from '../route.ts'

export const listCircuits = route({
  method: 'get',
  path: '/circuits',
  tag: 'Operations',
  summary: 'List the circuits of destinations',
  description: `Those that have failed, and those that have something parked, in order of name; one that never failed is closed. ${COUNTED_IN_LIST} The next page, when there is one, is in the \`Link\` header.`,
  query: z.strictObject(pageFields),
  answer: { status: 200, schema: z.array(CircuitAnswer), description: 'The circuits.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [circuit] } },

  async handle({ query: { limit, cursor }, url }, { pool, settings }) {
    const after = decodeCursor('circuits', NAME_POSITION, cursor)?.[0] ?? null
    const { rows, last } = await findCircuits(pool, { limit, after })
    return { body: rows.map(toCircuit), ...linkToNext(url, 'circuits', last, settings.publicUrl) }
  },
})
