import { Problem } from '@scheduler/core/problem'
import { isSignedBy, type ReceiverAction, type Signed } from '@scheduler/core/receiver-url'
import { acknowledge, type Refusal } from '@scheduler/db/queries/acknowledge'
import { z } from 'zod'
import { toAcknowledged } from './acknowledged-answer.ts'
import { executionId } from './ids.ts'
import type { Answer, Deps } from './route.ts'

/** Largest body, bytes. */
export const RECEIVER_BODY_LIMIT = 64 * 1024

const MOST_ATTEMPTS = 2 ** 31 - 1

/** What the URLs carry that receivers are handed. */
export const SignedQuery = z.strictObject({
  attempt: z
    .string()
    .regex(/^[1-9]\d{0,9}$/, 'must be the number of an attempt')
    .transform(Number)
    .refine((attempt) => attempt <= MOST_ATTEMPTS, 'must be the number of an attempt')
    .meta({ type: 'integer', minimum: 1, description: 'The attempt that it is about.' }),
  signature: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'Made by the service, for this action on this attempt of this execution.' }),
})

interface Call {
  params: Record<string, string>
  query: z.infer<typeof SignedQuery>
}

/** Carries out what the receiver of an attempt says of it. @throws Problem `invalid-signature`, before anything is looked up */
export async function receiverCall(
  action: ReceiverAction,
  { params, query }: Call,
  { pool, settings }: Deps,
  refusal: Refusal | null = null,
): Promise<Answer> {
  const id = executionId(params)
  const said: Signed = { action, executionId: id, attempt: query.attempt }
  if (!isSignedBy(settings.receiverKeys, said, query.signature)) {
    throw new Problem(
      'invalid-signature',
      `This is no URL that the service made. Send a POST to the callback's x-scheduler-${action}-url as it came, all of it.`,
    )
  }
  return { body: toAcknowledged(id, await acknowledge(pool, said, refusal)) }
}
