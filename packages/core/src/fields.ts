import { z } from 'zod'
import { MAX_CALLBACK_URL, parseCallbackUrl } from './callback-url.ts'
import { dateTimeFault } from './datetime.ts'
import { everyLimits } from './interval.ts'
import { parseZone, suggestZone } from './timezone.ts'

/** The fields that a client writes. What is wrong with one is said as the end of a sentence that begins with its name. */

/** A time zone as given; `parseZone` makes it canonical. */
export const Timezone = z
  .string()
  .max(100)
  .superRefine((text, context) => {
    if (parseZone(text) !== null) return
    const close = suggestZone(text)
    const advice = close ? `did you mean ${close}?` : 'use a name such as Asia/Jakarta or an offset such as GMT+7'
    context.addIssue({ code: 'custom', message: `must be a time zone; ${JSON.stringify(text)} is none, ${advice}` })
  })
  .meta({
    description:
      'IANA name or fixed offset: `Asia/Jakarta`, `GMT+7` (seven hours ahead of UTC), `UTC-03:30`, `+07:00`, `Z`.',
    example: 'GMT+7',
  })

/** An ISO 8601 datetime; without an offset it is wall time in the job's zone. */
export const DateTimeText = z
  .string()
  .max(64)
  .superRefine((text, context) => {
    const message = dateTimeFault(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })
  .meta({
    description: 'ISO 8601. Without an offset: wall time in `timezone`.',
    example: '2027-01-20T08:00:00',
  })

export const CallbackUrl = z
  .string()
  .superRefine((text, context) => {
    const read = parseCallbackUrl(text)
    if ('reason' in read) context.addIssue({ code: 'custom', message: read.reason })
  })
  .meta({
    description: 'Where the requests go: http or https.',
    example: 'http://example.com/daily',
    maxLength: MAX_CALLBACK_URL,
    format: 'uri',
  })

export const Payload = z.record(z.string(), z.unknown()).meta({
  description: 'Any JSON object; the body of every callback, byte for byte as `JSON.stringify` writes it.',
  example: { type: 'daily_job', time: '08:00' },
})

const CONTROL = /\p{Cc}/u

/** One line of text that a text column can hold: no control characters (Postgres takes no NUL), no half of a pair. */
export function line(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !CONTROL.test(text) && text.isWellFormed(), 'must not contain control characters')
}

export const Name = line(200).meta({ description: 'For people; need not be unique.', example: 'Daily report' })
export const ExternalId = line(200).meta({
  description: "The client's own id; need not be unique.",
  example: 'order-4711',
})
export const Tag = line(64)
export const Tags = z
  .array(Tag)
  .max(50)
  .meta({ description: 'Labels to filter by; doubles are dropped.', example: ['reports'] })
export const Reason = line(500).meta({ description: 'Why; shown as `status_reason`.', example: 'maintenance' })

const unit = (name: keyof typeof everyLimits) =>
  z
    .int()
    .min(0)
    .max(everyLimits[name])
    .optional()
    .meta({ description: `How many ${name}.` })

/** The units of an interval; at least one is more than 0. */
export const unitFields = {
  years: unit('years'),
  months: unit('months'),
  weeks: unit('weeks'),
  days: unit('days').meta({ description: 'How many days; 08:00 stays 08:00 when the clocks change.', example: 1 }),
  hours: unit('hours'),
  minutes: unit('minutes'),
  seconds: unit('seconds'),
}
