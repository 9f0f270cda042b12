import { headOf } from '@scheduler/core/callback'
import { MAX_RETRY_AFTER_MS } from '@scheduler/core/retry'
import { z } from 'zod'
import { AcknowledgedAnswer, acknowledgedExamples } from '../acknowledged-answer.ts'
import { ExecutionParams } from '../queries.ts'
import { RECEIVER_BODY_LIMIT, receiverCall, SignedQuery } from '../receiver-call.ts'
import { route } from '../route.ts'

export const Nack = z
  .strictObject({
    retry: z.boolean().default(true).meta({
      description: 'Whether it may be attempted again, as the job’s retry policy says; with `false` it has failed.',
    }),
    retry_after_seconds: z
      .number()
      .min(0)
      .max(MAX_RETRY_AFTER_MS / 1_000)
      .optional()
      .meta({ description: 'Not before so many seconds.' }),
    reason: z.string().nullish().meta({ description: 'Kept with the attempt, its first 1,000 characters.' }),
  })
  .meta({ id: 'Nack' })

export const nackExecution = route({
  method: 'post',
  path: '/executions/{id}/nack',
  tag: 'Executions',
  summary: 'Say that an attempt failed',
  description:
    'For the receiver of a callback, which answered 202: the work has failed. The attempt is `rejected`, and followed by another as after any failure. The URL is the one in its `x-scheduler-nack-url`; its signature stands for the key. Saying it again changes nothing.',
  params: ExecutionParams,
  query: SignedQuery,
  signed: true,
  body: Nack,
  bodyOptional: true,
  bodyLimit: RECEIVER_BODY_LIMIT,
  answer: { status: 200, schema: AcknowledgedAnswer, description: 'How the execution stands.' },
  problems: ['invalid-signature', 'execution-not-found', 'older-attempt', 'acknowledgement-expired'],
  examples: {
    body: { again: {}, later: { retry_after_seconds: 600 }, never: { retry: false, reason: 'no such customer' } },
    answer: { waiting: acknowledgedExamples.waiting },
  },

  async handle({ body, ...input }, deps) {
    const { retry, retry_after_seconds: after, reason } = body
    const retryAfterMs = after === undefined ? null : Math.round(after * 1_000)
    return await receiverCall('nack', input, deps, { retry, retryAfterMs, reason: reason ? headOf(reason) : null })
  },
})
