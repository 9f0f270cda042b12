import { AcknowledgedAnswer, acknowledgedExamples } from '../acknowledged-answer.ts'
import { ExecutionParams } from '../queries.ts'
import { receiverCall, SignedQuery } from '../receiver-call.ts'
import { route } from '../route.ts'

export const heartbeatExecution = route({
  method: 'post',
  path: '/executions/{id}/heartbeat',
  tag: 'Executions',
  summary: 'Ask for more time',
  description:
    'For the receiver of a callback, which answered 202: the work goes on. It then has its time anew, from now on, up to a day after the attempt began; `ack_deadline_at` says until when. The URL is the one in its `x-scheduler-heartbeat-url`; its signature stands for the key. A body is not read.',
  params: ExecutionParams,
  query: SignedQuery,
  signed: true,
  answer: { status: 200, schema: AcknowledgedAnswer, description: 'How the execution stands.' },
  problems: ['invalid-signature', 'execution-not-found', 'older-attempt', 'acknowledgement-expired'],
  examples: { answer: { awaiting: acknowledgedExamples.awaiting } },

  handle: async (input, deps) => await receiverCall('heartbeat', input, deps),
})
