import { everyLimits } from '@scheduler/core/interval'
import type { IntervalJobUpdate, JobPatch, JobUpdate } from '@scheduler/core/job'
import { mergePatch } from '@scheduler/core/merge-patch'
import { type FieldError, invalid, Problem } from '@scheduler/core/problem'
import { type ReadSchedule, readInterval, readOnce } from '@scheduler/core/read-schedule'
import { rezone } from '@scheduler/core/rezone'
import type { Every, Schedule } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import type { JobEdit } from '@scheduler/db/queries/edit-job'
import type { JobRow } from '@scheduler/db/schema/jobs'
import { readPayload, readPolicies, readTarget, unique } from './job-fields.ts'
import type { Settings } from './route.ts'

/** Writable fields of any job: undefined leaves one as it is, null takes it away or back to its default. */
export type Fields = { [Key in keyof JobPatch]: JobPatch[Key] | undefined }

/** How an edit treats what is only given in part. */
export interface EditMode {
  /** Merges units, payload and misfire with what is there (PATCH), or replaces them as a whole (PUT). */
  merge: boolean
}

const units = Object.keys(everyLimits) as (keyof Every)[]

/**
 * The columns that an edit changes.
 *
 * @throws Problem `validation-failed` that names every field at fault, or `job-type-conflict` when it gives a field of
 * another type of schedule.
 */
export function editOf(
  job: JobRow,
  fields: Fields | JobUpdate | IntervalJobUpdate,
  now: Date,
  settings: Settings,
  { merge }: EditMode,
): JobEdit {
  const given: Fields = fields
  const errors: FieldError[] = []
  const edit: JobEdit = {}
  const timezone = given.timezone === null ? 'UTC' : (given.timezone ?? job.timezone)
  if (given.timezone !== undefined) edit.timezone = timezone
  if (given.callback_url !== undefined)
    Object.assign(edit, readTarget(given.callback_url, settings.targetPolicy, errors))
  if (given.payload !== undefined) {
    const payload = merge && given.payload ? mergePatch(JSON.parse(job.payload), given.payload) : given.payload
    edit.payload = readPayload(payload ?? {}, errors)
  }
  if (given.name !== undefined) edit.name = given.name
  if (given.external_id !== undefined) edit.externalId = given.external_id
  if (given.tags !== undefined) edit.tags = unique(given.tags ?? [])
  if (given.jitter !== undefined || given.misfire !== undefined) {
    const replaced = { ...job.policies, ...(given.misfire && { misfire: {} }) }
    edit.policies = readPolicies(given, merge ? job.policies : replaced)
  }
  const schedule = readSchedule(job, given, timezone, now, merge)
  if ('errors' in schedule) errors.push(...schedule.errors)
  else edit.schedule = schedule.schedule
  if (errors.length > 0) throw invalid(errors)
  return edit
}

function readSchedule(job: JobRow, given: Fields, timezone: string, now: Date, merge: boolean): ReadSchedule<Schedule> {
  const zone = parseZone(timezone) ?? 'UTC'
  const from = parseZone(job.timezone)
  const schedule = from && from !== zone ? rezone(job.schedule, from, zone) : job.schedule
  const ofInterval = [...units, 'start_date', 'end_date'].filter((it) => given[it as keyof Fields] !== undefined)
  if (schedule.type === 'once') {
    if (ofInterval[0]) throw conflict('one-time', ofInterval[0], 'schedule_time')
    return given.schedule_time === undefined ? { schedule } : readOnce(given.schedule_time, zone)
  }
  if (given.schedule_time !== undefined) throw conflict('interval', 'schedule_time', 'days, hours or start_date')
  if (ofInterval.length === 0) return { schedule }
  const every = everyOf(given, merge ? schedule.every : {})
  return readInterval({ every, startDate: given.start_date, endDate: given.end_date }, zone, now.getTime(), schedule)
}

/** The units given, on top of others; undefined when none is given. */
function everyOf(given: Fields, others: Every): Every | undefined {
  const named = units.filter((unit) => given[unit] !== undefined)
  if (named.length === 0) return undefined
  return { ...others, ...Object.fromEntries(named.map((unit) => [unit, given[unit] ?? 0])) }
}

function conflict(type: string, field: string, instead: string): Problem {
  const detail = `This is ${type === 'interval' ? 'an' : 'a'} ${type} job: it has no ${field}. Change ${instead} instead, or create another job.`
  return new Problem('job-type-conflict', detail)
}
