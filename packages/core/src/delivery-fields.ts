import { z } from 'zod'
import {
  DEFAULT_ASYNC_SECONDS,
  DEFAULT_SUCCESS,
  DEFAULT_TIMEOUT_SECONDS,
  defaultRetry,
  methods,
  notifyEvents,
} from './delivery.ts'
import { CallbackUrl, line } from './fields.ts'
import { HeadersInput, HeadersPatch } from './header-fields.ts'
import { SECRET, signingFault } from './sign.ts'
import { RANGE, statusRange } from './success.ts'

/** How a job's requests are made, as a client writes it. `…Patch`: null brings a part back to its default. */

export const Method = z.enum(methods).meta({
  description: 'GET and HEAD send no body, so the job has no payload.',
  example: 'POST',
})

export const RawBody = z
  .string()
  // Postgres takes neither in a text.
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must be text without NUL and half characters')
  .meta({
    description:
      'The body as it is sent, in place of `payload`: text of any kind, in UTF-8. Give its `content-type` in `headers`; it is `application/json` otherwise.',
    example: '<report day="monday"/>',
  })

export const TimeoutSeconds = z.int().min(1).max(900).meta({
  description: 'How long an attempt may take, from its beginning to the answer, seconds.',
  example: DEFAULT_TIMEOUT_SECONDS,
})

export const SuccessRules = z
  .array(
    z
      .string()
      .refine((rule) => statusRange(rule) !== null, 'must be a status such as 204, a range 200-299, or a class 2xx')
      .meta({ pattern: RANGE.source }),
  )
  .min(1)
  .max(20)
  .meta({ description: 'Statuses that are a success.', example: [...DEFAULT_SUCCESS] })

const retryFields = {
  limit: z.int().min(0).max(100).meta({
    description: 'Attempts after the first. Those that were lost with a worker do not count.',
    example: defaultRetry.limit,
  }),
  min_backoff_seconds: z.int().min(1).max(86_400).meta({
    description: 'Between the first failure and the attempt after it.',
    example: defaultRetry.minBackoffSeconds,
  }),
  max_backoff_seconds: z.int().min(1).max(604_800).meta({
    description: 'No wait is longer, but for jitter.',
    example: defaultRetry.maxBackoffSeconds,
  }),
  factor: z.number().min(1).max(10).meta({
    description: 'What the wait is multiplied with from one failure to the next.',
    example: defaultRetry.factor,
  }),
  jitter: z.number().min(0).max(1).meta({
    description: 'The largest part of itself that is added to a wait: 0.2 makes 10 seconds 10 to 12.',
    example: defaultRetry.jitter,
  }),
  max_age_seconds: z.int().min(60).max(2_592_000).meta({
    description: 'No attempt begins later than this after the first.',
    example: defaultRetry.maxAgeSeconds,
  }),
  stop_at_next: z.boolean().meta({
    description: "Whether there are no more attempts once the job's next occurrence is due.",
    example: defaultRetry.stopAtNext,
  }),
}
const retryMeta = {
  description:
    'When a failed attempt is followed by another. 429 and 503 with `Retry-After` make it later; 410 and 489, and an address that is not allowed, end it at once.',
}
export const RetryInput = z.strictObject(retryFields).partial().meta(retryMeta)
export const RetryAnswer = z.strictObject(retryFields).meta(retryMeta)
export const RetryPatch = z
  .strictObject({
    limit: retryFields.limit.nullish(),
    min_backoff_seconds: retryFields.min_backoff_seconds.nullish(),
    max_backoff_seconds: retryFields.max_backoff_seconds.nullish(),
    factor: retryFields.factor.nullish(),
    jitter: retryFields.jitter.nullish(),
    max_age_seconds: retryFields.max_age_seconds.nullish(),
    stop_at_next: retryFields.stop_at_next.nullish(),
  })
  .meta(retryMeta)

export const PauseAfterFailures = z.int().min(1).max(1_000).meta({
  description: 'Pauses the job after so many executions in a row have failed for good.',
  example: 10,
})

const ackSeconds = z.int().min(1).max(86_400).meta({
  description: 'How long a receiver that answers 202 has, to acknowledge or to say that it is still at it.',
  example: DEFAULT_ASYNC_SECONDS,
})
const asyncMeta = {
  description:
    'With it an answer 202 is no success yet: the receiver says later, at the URLs in `x-scheduler-ack-url` and its like, how its work ended.',
}
export const AsyncInput = z.strictObject({ timeout_seconds: ackSeconds.optional() }).meta(asyncMeta)
export const AsyncAnswer = z.strictObject({ timeout_seconds: ackSeconds }).meta(asyncMeta)
export const AsyncPatch = z.strictObject({ timeout_seconds: ackSeconds.nullish() }).meta(asyncMeta)

const notifyUrl = CallbackUrl.meta({ description: 'Where events are sent.', example: 'https://example.com/events' })
const events = z
  .array(z.enum(notifyEvents))
  .min(1)
  .max(notifyEvents.length)
  .meta({ description: 'Which; all of them where it is not given.', example: ['job.failing', 'job.recovered'] })
const notifyMeta = { description: "Tells of the job's events at a URL." }
export const NotifyInput = z.strictObject({ url: notifyUrl, events: events.optional() }).meta(notifyMeta)
export const NotifyAnswer = z.strictObject({ url: z.string(), events: z.array(z.enum(notifyEvents)) }).meta(notifyMeta)
export const NotifyPatch = z.strictObject({ url: notifyUrl.optional(), events: events.nullish() }).meta(notifyMeta)

export const FlowKey = line(200).meta({
  description: 'A key that the job shares a rate or a number of places with others by.',
  example: 'tenant-17',
})

export const SigningSecrets = z
  .array(
    z
      .string('must be a string')
      .superRefine((secret, context) => {
        const message = signingFault(secret)
        if (message !== null) context.addIssue({ code: 'custom', message })
      })
      .meta({ pattern: SECRET.source }),
  )
  .min(1)
  .max(2)
  .meta({
    description:
      'Secrets that sign every request by Standard Webhooks, in place of the SIGNING_SECRET of the instance; two while one replaces the other, the newest first. Kept encrypted, never shown.',
    // None that could be copied: a secret of a document is none.
    example: ['whsec_…'],
  })

/** How a create or an update gives them. */
export const deliveryFields = {
  method: Method.optional(),
  headers: HeadersInput.optional(),
  body: RawBody.nullish(),
  timeout_seconds: TimeoutSeconds.optional(),
  success: SuccessRules.optional(),
  retry: RetryInput.optional(),
  pause_after_failures: PauseAfterFailures.nullish(),
  async: AsyncInput.nullish(),
  notify: NotifyInput.nullish(),
  flow_key: FlowKey.nullish(),
  signing_secrets: SigningSecrets.nullish(),
}

/** The same of a merge patch. */
export const deliveryPatchFields = {
  method: Method.nullable(),
  headers: HeadersPatch.nullable(),
  body: RawBody.nullable(),
  timeout_seconds: TimeoutSeconds.nullable(),
  success: SuccessRules.nullable(),
  retry: RetryPatch.nullable(),
  pause_after_failures: PauseAfterFailures.nullable(),
  async: AsyncPatch.nullable(),
  notify: NotifyPatch.nullable(),
  flow_key: FlowKey.nullable(),
  signing_secrets: SigningSecrets.nullable(),
}
