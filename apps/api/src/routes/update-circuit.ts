import { drainOrders } from '@scheduler/core/circuit'
import { z } from 'zod'
import { CircuitAnswer } from '../answers.ts'
import { changeThrough, DestinationParams } from '../circuit-route.ts'
import { circuit } from '../examples.ts'
import { route } from '../route.ts'

export const updateCircuit = route({
  method: 'put',
  path: '/circuits/{destination}',
  tag: 'Operations',
  summary: 'Say in which order a destination is drained',
  description: 'Which of the parked executions of each job go first once the circuit has closed. It holds from now on.',
  params: DestinationParams,
  body: z
    .strictObject({
      drain_order: z.enum(drainOrders).meta({ description: 'The oldest occurrences first, or the newest.' }),
    })
    .meta({ id: 'CircuitUpdate' }),
  answer: { status: 200, schema: CircuitAnswer, description: 'The circuit.' },
  problems: [],
  examples: { body: { newest: { drain_order: 'newest' } }, answer: { open: { ...circuit, drain_order: 'newest' } } },

  async handle({ params, body }, deps) {
    return await changeThrough(params, { drainOrder: body.drain_order }, deps)
  },
})
