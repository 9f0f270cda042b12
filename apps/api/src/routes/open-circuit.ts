import { z } from 'zod'
import { CircuitAnswer } from '../answers.ts'
import { changeThrough, DestinationParams } from '../circuit-route.ts'
import { circuit } from '../examples.ts'
import { route } from '../route.ts'

export const openCircuit = route({
  method: 'post',
  path: '/circuits/{destination}/open',
  tag: 'Operations',
  summary: 'Open the circuit of a destination by hand',
  description:
    'Nothing is sent there, by any worker, until it is closed; what is in flight ends. With `seconds`, an execution probes after that time, as it does after failures. What is due meanwhile is parked, without an attempt.',
  params: DestinationParams,
  body: z
    .strictObject({
      seconds: z.int().min(1).max(2_592_000).nullish().meta({
        description: 'When it may be probed; without it, it stays open until it is closed by hand.',
        example: 600,
      }),
    })
    .meta({ id: 'OpenCircuit' }),
  bodyOptional: true,
  answer: { status: 200, schema: CircuitAnswer, description: 'The circuit.' },
  problems: [],
  examples: { body: { tenMinutes: { seconds: 600 } }, answer: { open: circuit } },

  async handle({ params, body }, deps) {
    return await changeThrough(params, { to: 'open', seconds: body.seconds ?? null }, deps)
  },
})
