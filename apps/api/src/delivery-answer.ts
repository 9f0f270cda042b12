import {
  AsyncAnswer,
  Method,
  NotifyAnswer,
  PauseAfterFailures,
  RetryAnswer,
  TimeoutSeconds,
} from '@scheduler/core/delivery-fields'
import { HeadersAnswer } from '@scheduler/core/header-fields'
import { z } from 'zod'

/** How the requests of a job are made; all of it, defaults too. */
export const deliveryAnswer = {
  body: z.string().nullable().meta({ description: 'The body in place of the payload, where the job has one.' }),
  method: Method,
  headers: HeadersAnswer,
  timeout_seconds: TimeoutSeconds,
  success: z.array(z.string()),
  retry: RetryAnswer,
  pause_after_failures: PauseAfterFailures.nullable(),
  async: AsyncAnswer.nullable(),
  notify: NotifyAnswer.nullable(),
  flow_key: z.string().nullable(),
  signing: z.strictObject({
    secrets: z.int().meta({ description: 'How many secrets of its own sign its requests.' }),
  }),
}

export const TimingsAnswer = z
  .strictObject({
    dns_ms: z.int().nullable(),
    connect_ms: z.int().nullable(),
    tls_ms: z.int().nullable(),
    first_byte_ms: z.int().nullable().meta({ description: "From the request's end to the answer's beginning." }),
    total_ms: z.int().nullable(),
  })
  .meta({
    description: 'Where the time went; null where a kept connection made it needless, or where it was not reached.',
  })
