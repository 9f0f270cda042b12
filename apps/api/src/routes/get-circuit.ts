import { CircuitAnswer } from '../answers.ts'
import { circuitAnswer, DestinationParams, destinationOf } from '../circuit-route.ts'
import { circuit } from '../examples.ts'
import { route } from '../route.ts'

export const getCircuit = route({
  method: 'get',
  path: '/circuits/{destination}',
  tag: 'Operations',
  summary: 'Read the circuit of a destination',
  description: 'One that never failed is closed.',
  params: DestinationParams,
  answer: { status: 200, schema: CircuitAnswer, description: 'The circuit.' },
  problems: ['validation-failed'],
  examples: { answer: { one: circuit } },

  async handle({ params }, deps) {
    return await circuitAnswer(destinationOf(params), deps)
  },
})
