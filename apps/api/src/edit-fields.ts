import { everyLimits } from '@scheduler/core/interval'
import type { CronJobUpdate, IntervalJobUpdate, JobPatch, JobUpdate, RruleJobUpdate } from '@scheduler/core/job'
import { type FieldError, invalid, Problem } from '@scheduler/core/problem'
import { checkDst } from '@scheduler/core/read-new-schedule'
import { readCron, readRrule } from '@scheduler/core/read-rule'
import { type ReadSchedule, readInterval, readOnce } from '@scheduler/core/read-schedule'
import { readRetention } from '@scheduler/core/retention'
import { moveWall, rezone } from '@scheduler/core/rezone'
import type { Every, Schedule, ScheduleType } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import type { JobEdit } from '@scheduler/db/queries/edit-job'
import type { JobRow, StoredPolicies } from '@scheduler/db/schema/jobs'
import { readPolicies, readTarget, unique } from './job-fields.ts'
import { readBody } from './read-body.ts'
import { readDelivery, storedDelivery } from './read-delivery.ts'
import type { Settings } from './route.ts'

/** Writable fields of any job: undefined leaves one as it is, null takes it away or back to its default. */
export type Fields = { [Key in keyof JobPatch]: JobPatch[Key] | undefined }

/** How an edit treats what is only given in part. */
export interface EditMode {
  /** Merges units, payload and policies with what is there (PATCH), or replaces them as a whole (PUT). */
  merge: boolean
}

const units = Object.keys(everyLimits) as (keyof Every)[]
const bounds = ['start_date', 'end_date'] as const
/** The fields that only some types of schedule have. */
const scheduleFields = ['schedule_time', 'cron', 'rrule', ...units, ...bounds] as const
const fieldsOf: Record<ScheduleType, readonly (typeof scheduleFields)[number][]> = {
  once: ['schedule_time'],
  interval: [...units, ...bounds],
  cron: ['cron', ...bounds],
  rrule: ['rrule', ...bounds],
}

/**
 * The columns that an edit changes.
 *
 * @throws Problem `validation-failed` that names every field at fault, or `job-type-conflict` when it gives a field of
 * another type of schedule.
 */
export function editOf(
  job: JobRow,
  fields: Fields | JobUpdate | IntervalJobUpdate | CronJobUpdate | RruleJobUpdate,
  now: Date,
  settings: Settings,
  { merge }: EditMode,
): JobEdit {
  const given: Fields = fields
  const foreign = scheduleFields.find((it) => given[it] !== undefined && !fieldsOf[job.type].includes(it))
  if (foreign) throw conflict(job.type, foreign)
  const errors: FieldError[] = []
  const edit: JobEdit = {}
  const timezone = given.timezone === null ? 'UTC' : (given.timezone ?? job.timezone)
  const zone = parseZone(timezone) ?? 'UTC'
  if (given.timezone !== undefined) edit.timezone = timezone
  if (given.callback_url !== undefined)
    Object.assign(edit, readTarget(given.callback_url, settings.targetPolicy, errors))
  Object.assign(edit, readRequest(job, given, settings, merge, errors))
  if (given.name !== undefined) edit.name = given.name
  if (given.external_id !== undefined) edit.externalId = given.external_id
  if (given.tags !== undefined) edit.tags = unique(given.tags ?? [])
  if (given.retention !== undefined) edit.retention = readRetention(given.retention, merge ? job.retention : null)
  edit.policies = readPolicies(given, zone, errors, kept(job, given, zone, merge))
  const schedule = readSchedule(job, given, zone, now, edit.policies)
  if ('errors' in schedule) errors.push(...schedule.errors)
  else {
    edit.schedule = schedule.schedule
    errors.push(...checkDst(schedule.schedule, edit.policies.dst))
  }
  if (errors.length > 0) throw invalid(errors)
  return edit

  function readSchedule(
    { type, timezone: from, schedule: stored }: JobRow,
    given: Fields,
    zone: string,
    now: Date,
    policies: StoredPolicies,
  ): ReadSchedule<Schedule> {
    const own = parseZone(from)
    const schedule = own && own !== zone ? rezone(stored, own, zone) : stored
    const changed = fieldsOf[type].some((it) => given[it] !== undefined)
    if (!changed) return { schedule }
    const dates = { startDate: given.start_date, endDate: given.end_date }
    switch (schedule.type) {
      case 'once':
        return readOnce(given.schedule_time ?? schedule.at, zone, policies.dst)
      case 'interval':
        return readInterval(
          { every: everyOf(given, merge ? schedule.every : {}), ...dates, dst: policies.dst },
          zone,
          now.getTime(),
          schedule,
        )
      case 'cron':
        return readCron({ cron: given.cron, ...dates }, zone, schedule)
      case 'rrule': {
        const limited = policies.maxRuns !== undefined
        return readRrule({ rrule: given.rrule, limited, ...dates }, zone, now.getTime(), schedule)
      }
    }
  }
}

/** How the requests are made, and what they send. */
function readRequest(job: JobRow, given: Fields, settings: Settings, merge: boolean, errors: FieldError[]): JobEdit {
  const before = job.delivery ?? {}
  const delivery = readDelivery(given, { id: job.id, base: before, kept: before, merge }, settings, errors)
  const stored = { payload: job.payload, raw: before.raw === true }
  const { payload, raw } = readBody(given, stored, { merge, method: delivery.method }, errors)
  const flowKey = given.flow_key === undefined ? job.flowKey : given.flow_key
  return { payload, delivery: storedDelivery(delivery, raw), flowKey }
}

/** The policies that an edit starts from: those of PUT replace what is there as a whole; blackouts move with the zone. */
function kept({ policies, timezone, type }: JobRow, given: Fields, zone: string, merge: boolean): StoredPolicies {
  const result = { ...policies }
  if (!merge && given.misfire) result.misfire = {}
  if (!merge && given.dst) result.dst = {}
  if (result.blackouts && type !== 'once' && parseZone(timezone) !== zone) {
    result.blackouts = result.blackouts.map(({ from, to }) => ({ from: moveWall(from, zone), to: moveWall(to, zone) }))
  }
  return result
}

/** The units given, on top of others; undefined when none is given. */
function everyOf(given: Fields, others: Every): Every | undefined {
  const named = units.filter((unit) => given[unit] !== undefined)
  if (named.length === 0) return undefined
  return { ...others, ...Object.fromEntries(named.map((unit) => [unit, given[unit] ?? 0])) }
}

const instead: Record<ScheduleType, string> = {
  once: 'schedule_time',
  interval: 'days, hours or start_date',
  cron: 'cron',
  rrule: 'rrule',
}

function conflict(type: ScheduleType, field: string): Problem {
  const named = { once: 'a one-time', interval: 'an interval', cron: 'a cron', rrule: 'an rrule' }[type]
  const detail = `This is ${named} job: it has no ${field}. Change ${instead[type]} instead, or create another job.`
  return new Problem('job-type-conflict', detail)
}
