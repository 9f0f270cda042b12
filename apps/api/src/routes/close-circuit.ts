import { z } from 'zod'
import { CircuitAnswer } from '../answers.ts'
import { changeThrough, DestinationParams } from '../circuit-route.ts'
import { closedCircuit } from '../examples.ts'
import { route } from '../route.ts'

export const closeCircuit = route({
  method: 'post',
  path: '/circuits/{destination}/close',
  tag: 'Operations',
  summary: 'Close the circuit of a destination by hand',
  description:
    'Without waiting for a probe. It is kept on the brink: the next failure opens it again, a success forgets the failures. What was parked goes out on the ramp.',
  params: DestinationParams,
  body: z.strictObject({}).meta({ id: 'CloseCircuit' }),
  bodyOptional: true,
  answer: { status: 200, schema: CircuitAnswer, description: 'The circuit.' },
  problems: [],
  examples: { answer: { closed: closedCircuit } },

  async handle({ params }, deps) {
    const { circuitFailMax } = deps.settings
    return await changeThrough(params, { to: 'closed', cause: 'closed', failures: circuitFailMax - 1 }, deps)
  },
})
