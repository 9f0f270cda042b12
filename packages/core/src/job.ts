import { z } from 'zod'
import { deliveryFields, deliveryPatchFields } from './delivery-fields.ts'
import { CallbackUrl, DateTimeText, ExternalId, Name, Payload, Tags, Timezone, unitFields } from './fields.ts'
import { policyFields, policyPatchFields } from './policy-fields.ts'
import { RetentionInput } from './retention.ts'

/** What every job has besides its schedule, as a create or an update may give it. */
const common = {
  callback_url: CallbackUrl,
  payload: Payload.optional(),
  timezone: Timezone.optional(),
  name: Name.nullish(),
  tags: Tags.optional(),
  external_id: ExternalId.nullish(),
  retention: RetentionInput.nullish(),
  ...policyFields,
  ...deliveryFields,
}

const endDate = DateTimeText.nullish().meta({ description: 'The last instant an occurrence may have, inclusive.' })

const intervalBounds = {
  start_date: DateTimeText.nullish().meta({
    description:
      'Occurrence 0 when it is to come; when it has passed, the beat that the occurrences keep. None: the first run is one interval from now.',
    example: '2024-01-20T08:00:00',
  }),
  end_date: endDate,
}

const ruleBounds = {
  start_date: DateTimeText.nullish().meta({
    description: 'The first instant an occurrence may have, inclusive.',
    example: '2027-01-01T00:00:00',
  }),
  end_date: endDate,
}

const scheduleTime = DateTimeText.meta({ description: 'When, in the future.', example: '2027-01-20T08:00:00' })

const cron = z.string().meta({
  description:
    'Five fields (minute, hour, day of month, month, day of week), or six with seconds first; names, lists, ranges, steps, `L`, `W`, `#`, and nicknames such as `@daily`. When day of month and day of week are both restricted, either is enough.',
  example: '0 9 * * MON-FRI',
})

const rrule = z.string().meta({
  description:
    'RFC 5545: lines of DTSTART, RRULE, RDATE and EXDATE, or the value of an RRULE alone. Times without `Z` are wall times in `timezone`. Without DTSTART: anchored at creation.',
  example: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR',
})

/** The fields that make a schedule, by its type. */
export const scheduleFields = {
  once: { schedule_time: scheduleTime },
  interval: { ...unitFields, ...intervalBounds },
  cron: { cron, ...ruleBounds },
  rrule: { rrule, ...ruleBounds },
}

export const NewOnceJob = z.strictObject({ ...scheduleFields.once, ...common }).meta({ id: 'NewOnceJob' })
export type NewOnceJob = z.infer<typeof NewOnceJob>

export const NewIntervalJob = z.strictObject({ ...scheduleFields.interval, ...common }).meta({ id: 'NewIntervalJob' })
export type NewIntervalJob = z.infer<typeof NewIntervalJob>

export const NewCronJob = z.strictObject({ ...scheduleFields.cron, ...common }).meta({ id: 'NewCronJob' })
export type NewCronJob = z.infer<typeof NewCronJob>

export const NewRruleJob = z.strictObject({ ...scheduleFields.rrule, ...common }).meta({ id: 'NewRruleJob' })
export type NewRruleJob = z.infer<typeof NewRruleJob>

/** A job of any type, which it says itself. */
export const NewJob = z
  .discriminatedUnion('type', [
    NewOnceJob.extend({ type: z.literal('once') }).meta({ id: 'NewJobOnce' }),
    NewIntervalJob.extend({ type: z.literal('interval') }).meta({ id: 'NewJobInterval' }),
    NewCronJob.extend({ type: z.literal('cron') }).meta({ id: 'NewJobCron' }),
    NewRruleJob.extend({ type: z.literal('rrule') }).meta({ id: 'NewJobRrule' }),
  ])
  .meta({ id: 'NewJob' })
export type NewJob = z.infer<typeof NewJob>

/** A schedule and its policies, without a callback: what a preview is asked for. */
export const NewSchedule = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('once'), ...scheduleFields.once, timezone: common.timezone, ...policyFields }),
    z.strictObject({
      type: z.literal('interval'),
      ...scheduleFields.interval,
      timezone: common.timezone,
      ...policyFields,
    }),
    z.strictObject({ type: z.literal('cron'), ...scheduleFields.cron, timezone: common.timezone, ...policyFields }),
    z.strictObject({ type: z.literal('rrule'), ...scheduleFields.rrule, timezone: common.timezone, ...policyFields }),
  ])
  .meta({ id: 'NewSchedule' })
export type NewSchedule = z.infer<typeof NewSchedule>

const keeps = 'What is left out stays as it is.'

export const JobUpdate = NewOnceJob.partial().meta({ id: 'JobUpdate', description: keeps })
export type JobUpdate = z.infer<typeof JobUpdate>

export const IntervalJobUpdate = NewIntervalJob.partial().meta({
  id: 'IntervalJobUpdate',
  description:
    'What is left out stays as it is; units that are given replace the whole interval; without `start_date` the beat is kept.',
})
export type IntervalJobUpdate = z.infer<typeof IntervalJobUpdate>

export const CronJobUpdate = NewCronJob.partial().meta({ id: 'CronJobUpdate', description: keeps })
export type CronJobUpdate = z.infer<typeof CronJobUpdate>

export const RruleJobUpdate = NewRruleJob.partial().meta({
  id: 'RruleJobUpdate',
  description: 'What is left out stays as it is; an `rrule` without DTSTART keeps the one that the job has.',
})
export type RruleJobUpdate = z.infer<typeof RruleJobUpdate>

/** Every writable field of every type of job; null takes an optional one away. */
export const JobPatch = z
  .strictObject({
    schedule_time: scheduleTime,
    cron,
    rrule,
    years: unitFields.years.nullable(),
    months: unitFields.months.nullable(),
    weeks: unitFields.weeks.nullable(),
    days: unitFields.days.nullable(),
    hours: unitFields.hours.nullable(),
    minutes: unitFields.minutes.nullable(),
    seconds: unitFields.seconds.nullable(),
    ...intervalBounds,
    callback_url: CallbackUrl,
    payload: Payload.nullable(),
    timezone: Timezone.nullable(),
    name: Name.nullable(),
    tags: Tags.nullable(),
    external_id: ExternalId.nullable(),
    retention: RetentionInput.nullable(),
    ...policyPatchFields,
    ...deliveryPatchFields,
  })
  .partial()
  .meta({
    id: 'JobPatch',
    description:
      'A JSON merge patch (RFC 7396): objects are merged, null takes a field away or back to its default, the rest stays.',
  })
export type JobPatch = z.infer<typeof JobPatch>
