import { everyLimits, hasCalendarUnit, hasExactUnit } from './interval.ts'
import type { NewSchedule } from './job.ts'
import type { FieldError } from './problem.ts'
import { readCron, readRrule } from './read-rule.ts'
import { type ReadSchedule, readInterval, readOnce } from './read-schedule.ts'
import type { Every, Schedule } from './schedule.ts'

/** The schedule of a new job, from the fields that make one of its type. `now` in ms since 1970. */
export function readNewSchedule(body: NewSchedule, zone: string, now: number): ReadSchedule<Schedule> {
  if (body.type === 'once') return readOnce(body.schedule_time, zone, body.dst)
  const bounds = { startDate: body.start_date, endDate: body.end_date }
  switch (body.type) {
    case 'interval':
      return readInterval({ every: everyOf(body), dst: body.dst, ...bounds }, zone, now)
    case 'cron':
      return readCron({ cron: body.cron, ...bounds }, zone)
    case 'rrule': {
      const limited = (body.max_runs ?? null) !== null
      return readRrule({ rrule: body.rrule, limited, ...bounds }, zone, now)
    }
  }
}

function everyOf(fields: { [Unit in keyof Every]: number | undefined }): Every {
  const units = Object.keys(everyLimits) as (keyof Every)[]
  return Object.fromEntries(units.flatMap((unit) => (fields[unit] === undefined ? [] : [[unit, fields[unit]]])))
}

/** What a schedule cannot do that a dst policy asks for. */
export function checkDst(schedule: Schedule, dst: NewSchedule['dst']): FieldError[] {
  if (schedule.type !== 'interval' || !hasCalendarUnit(schedule.every) || !hasExactUnit(schedule.every)) return []
  const reason = 'has no meaning for an interval of days or longer and hours or finer together; leave one of them out'
  const errors: FieldError[] = []
  if (dst?.gap === 'skip') errors.push({ path: 'dst.gap', message: `skip ${reason}` })
  if (dst?.fold === 'both') errors.push({ path: 'dst.fold', message: `both ${reason}` })
  return errors
}
