import { z } from 'zod'
import { CircuitAnswer } from '../answers.ts'
import { changeThrough, DestinationParams } from '../circuit-route.ts'
import { closedCircuit } from '../examples.ts'
import { route } from '../route.ts'

export const resetCircuit = route({
  method: 'post',
  path: '/circuits/{destination}/reset',
  tag: 'Operations',
  summary: 'Close the circuit of a destination and forget its failures',
  description: 'What was parked goes out on the ramp.',
  params: DestinationParams,
  body: z.strictObject({}).meta({ id: 'ResetCircuit' }),
  bodyOptional: true,
  answer: { status: 200, schema: CircuitAnswer, description: 'The circuit.' },
  problems: [],
  examples: { answer: { closed: { ...closedCircuit, failures: 0 } } },

  async handle({ params }, deps) {
    return await changeThrough(params, { to: 'closed', cause: 'reset', failures: 0 }, deps)
  },
})
