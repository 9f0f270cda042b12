import { z } from 'zod'
import {
  CallbackUrl,
  DateTimeText,
  ExternalId,
  Jitter,
  MisfireInput,
  MisfirePatch,
  Name,
  Payload,
  Tags,
  Timezone,
  unitFields,
} from './fields.ts'

/** What every job has besides its schedule, as a create or an update may give it. */
const common = {
  callback_url: CallbackUrl,
  payload: Payload.optional(),
  timezone: Timezone.optional(),
  name: Name.nullish(),
  tags: Tags.optional(),
  external_id: ExternalId.nullish(),
  jitter: Jitter.optional(),
  misfire: MisfireInput.optional(),
}

const bounds = {
  start_date: DateTimeText.nullish().meta({
    description:
      'Occurrence 0 when it is to come; when it has passed, the beat that the occurrences keep. None: the first run is one interval from now.',
    example: '2024-01-20T08:00:00',
  }),
  end_date: DateTimeText.nullish().meta({ description: 'The last instant an occurrence may have, inclusive.' }),
}

const scheduleTime = DateTimeText.meta({ description: 'When, in the future.', example: '2027-01-20T08:00:00' })

export const NewOnceJob = z.strictObject({ schedule_time: scheduleTime, ...common }).meta({ id: 'NewOnceJob' })
export type NewOnceJob = z.infer<typeof NewOnceJob>

export const NewIntervalJob = z.strictObject({ ...unitFields, ...bounds, ...common }).meta({ id: 'NewIntervalJob' })
export type NewIntervalJob = z.infer<typeof NewIntervalJob>

export const JobUpdate = z
  .strictObject({ schedule_time: scheduleTime, ...common })
  .partial()
  .meta({ id: 'JobUpdate', description: 'What is left out stays as it is.' })
export type JobUpdate = z.infer<typeof JobUpdate>

export const IntervalJobUpdate = NewIntervalJob.partial().meta({
  id: 'IntervalJobUpdate',
  description:
    'What is left out stays as it is; units that are given replace the whole interval; without `start_date` the beat is kept.',
})
export type IntervalJobUpdate = z.infer<typeof IntervalJobUpdate>

/** Every writable field of every type of job; null takes an optional one away. */
export const JobPatch = z
  .strictObject({
    schedule_time: scheduleTime,
    years: unitFields.years.nullable(),
    months: unitFields.months.nullable(),
    weeks: unitFields.weeks.nullable(),
    days: unitFields.days.nullable(),
    hours: unitFields.hours.nullable(),
    minutes: unitFields.minutes.nullable(),
    seconds: unitFields.seconds.nullable(),
    ...bounds,
    callback_url: CallbackUrl,
    payload: Payload.nullable(),
    timezone: Timezone.nullable(),
    name: Name.nullable(),
    tags: Tags.nullable(),
    external_id: ExternalId.nullable(),
    jitter: Jitter.nullable(),
    misfire: MisfirePatch.nullable(),
  })
  .partial()
  .meta({
    id: 'JobPatch',
    description:
      'A JSON merge patch (RFC 7396): objects are merged, null takes a field away or back to its default, the rest stays.',
  })
export type JobPatch = z.infer<typeof JobPatch>
