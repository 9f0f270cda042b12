import { notifyEvents } from '@scheduler/core/delivery'
import { ExecutionReason, ExecutionState } from '@scheduler/core/execution'
import { DateTimeText, ExternalId, Tag, Timezone } from '@scheduler/core/fields'
import { scheduleTypes } from '@scheduler/core/schedule'
import { notificationStates } from '@scheduler/db/queries/notifications'
import { jobStatuses } from '@scheduler/db/schema/jobs'
import { z } from 'zod'
import { pageFields } from './paging.ts'

/** Parameters of paths and queries that several routes share. */

export const JobParams = z.object({ id: z.uuid().meta({ description: 'The job.' }) })
export const BlackoutParams = z.object({ id: z.uuid().meta({ description: 'The blackout.' }) })
export const ExecutionParams = z.object({ id: z.uuid().meta({ description: 'The execution.' }) })

const convert_to = Timezone.optional().meta({
  description: 'The zone that times are shown in.',
  example: 'Europe/Berlin',
})
const plain = z
  .string()
  .min(1)
  .max(2_048)
  .refine((text) => !/\p{Cc}/u.test(text), 'must not contain control characters')

/** Parameters in which a space can only be a `+` that was not escaped, as `convert_to=GMT+7` is typed by anyone. */
const WITH_PLUS = ['convert_to', 'from', 'to', 'at']

/** The query with those signs put back: `GMT 7` is `GMT+7`, `2026-01-01T00:00:00 07:00` is `…+07:00`. */
export function restorePlus(query: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(query).map(([name, value]) =>
    WITH_PLUS.includes(name) && typeof value === 'string' ? [name, value.replace(/ (?=\d)/, '+')] : [name, value],
  )
  return Object.fromEntries(entries)
}

export const ConvertQuery = z.strictObject({ convert_to })

export const ExplainQuery = z.strictObject({
  at: DateTimeText.meta({
    description:
      'The instant; without an offset, wall time in the job’s zone. A whole minute also means the only occurrence within it.',
    example: '2026-11-24T08:00:00',
  }),
})

export const JobsQuery = z.strictObject({
  convert_to,
  ...pageFields,
  status: z.enum(jobStatuses).optional(),
  type: z.enum(scheduleTypes).optional(),
  tag: Tag.optional(),
  external_id: ExternalId.optional(),
  callback_host: plain
    .transform((host) => host.toLowerCase())
    .optional()
    .meta({ type: 'string', description: 'Host name of the callback URL, without the port.', example: 'example.com' }),
})

export const BlackoutsQuery = z.strictObject({ convert_to, ...pageFields, tag: Tag.optional() })

export const NotificationsQuery = z.strictObject({
  convert_to,
  ...pageFields,
  job_id: z.uuid().optional(),
  type: z.enum(notifyEvents).optional(),
  state: z.enum(notificationStates).optional(),
})

const datetime = (description: string) => DateTimeText.optional().meta({ description, example: '2026-11-24T00:00:00Z' })

const executionFilters = {
  convert_to,
  ...pageFields,
  state: ExecutionState.optional(),
  destination: plain.optional().meta({ description: 'Origin of the callback URL.', example: 'https://example.com' }),
  from: datetime('`scheduled_for` at or after this; UTC without an offset.'),
  to: datetime('`scheduled_for` before this; UTC without an offset.'),
}

export const JobExecutionsQuery = z.strictObject(executionFilters)
export const ExecutionsQuery = z.strictObject({ ...executionFilters, job_id: z.uuid().optional() })

/** Which dead letters are meant: parameters of the list, and fields of a redrive. */
export const deadLetterFilters = {
  job_id: z.uuid().optional(),
  destination: plain.optional().meta({ description: 'Origin of the callback URL.', example: 'https://example.com' }),
  reason: ExecutionReason.optional(),
  tag: Tag.optional().meta({ description: 'A tag that the job has now.', example: 'reports' }),
  from: datetime('`dead_at` at or after this; UTC without an offset.'),
  to: datetime('`dead_at` before this; UTC without an offset.'),
}

export const DeadLettersQuery = z.strictObject({ convert_to, ...pageFields, ...deadLetterFilters })
export const PutAwayQuery = z.strictObject({
  ...deadLetterFilters,
  all: z.literal('true').optional().meta({ description: 'All that there are; needed where no filter is given.' }),
})
