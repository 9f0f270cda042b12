import { AcknowledgedAnswer, acknowledgedExamples } from '../acknowledged-answer.ts'
import { ExecutionParams } from '../queries.ts'
import { receiverCall, SignedQuery } from '../receiver-call.ts'
import { route } from '../route.ts'

export const ackExecution = route({
  method: 'post',
  path: '/executions/{id}/ack',
  tag: 'Executions',
  summary: 'Acknowledge an attempt',
  description:
    'For the receiver of a callback, which answered 202: the work is done, and the execution succeeded. The URL is the one in its `x-scheduler-ack-url`; its signature stands for the key. A body is not read. Saying it again changes nothing.',
  params: ExecutionParams,
  query: SignedQuery,
  signed: true,
  answer: { status: 200, schema: AcknowledgedAnswer, description: 'How the execution stands.' },
  problems: ['invalid-signature', 'execution-not-found', 'older-attempt', 'acknowledgement-expired'],
  examples: { answer: { succeeded: acknowledgedExamples.succeeded } },

  handle: async (input, deps) => await receiverCall('ack', input, deps),
})
