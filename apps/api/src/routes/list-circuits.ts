import { listCircuits as findCircuits } from '@scheduler/db/queries/list-circuits'
import { z } from 'zod'
import { CircuitAnswer } from '../answers.ts'
import { circuit } from '../examples.ts'
import { toCircuit } from '../resources.ts'
import { route } from '../route.ts'

export const listCircuits = route({
  method: 'get',
  path: '/circuits',
  tag: 'Operations',
  summary: 'List the circuits of destinations',
  description: 'Those that have failed, and those that have something parked. One that never failed is closed.',
  answer: { status: 200, schema: z.array(CircuitAnswer), description: 'The circuits.' },
  problems: [],
  examples: { answer: { one: [circuit] } },

  async handle(_input, { pool }) {
    return { body: (await findCircuits(pool)).map(toCircuit) }
  },
})
