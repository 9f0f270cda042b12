import { type DateTimeResult, parseDateTime, readStored } from './datetime.ts'
import { checkEvery, everyLimits } from './interval.ts'
import type { FieldError } from './problem.ts'
import { readDateTime } from './read-rule.ts'
import type { Dst, Every, IntervalSchedule, OnceSchedule } from './schedule.ts'
import { formatInZone, formatWall, toInstant } from './timezone.ts'

/** A schedule, or what is wrong with the fields that were to make it. */
export type ReadSchedule<S> = { schedule: S } | { errors: FieldError[] }

/** A dst policy, or a part of it, as a client gives it. */
type DstFields = { [Part in keyof Dst]?: Dst[Part] | undefined }

/**
 * A time without an offset that a change of clock skips or repeats is placed by `dst`; `skip` counts as `shift`, and `both` as `first`,
 * since a one-time job has one instant.
 *
 * @param zone as `parseZone` returns it
 */
export function readOnce(scheduleTime: string, zone: string, dst: DstFields = {}): ReadSchedule<OnceSchedule> {
  const read = parseDateTime(scheduleTime, zone)
  if (!read.ok) return { errors: [{ path: 'schedule_time', message: read.reason }] }
  const found = read.naive && read.kind === 'gap' && dst.gap === 'next_valid' ? toInstant(zone, read.wall) : null
  const at = found?.kind === 'gap' ? formatInZone(found.gapEnd, zone) : passOf(read, zone, dst)
  return { schedule: { type: 'once', at } }
}

/** The text of a datetime, of its second pass where that is what counts and nothing else was said. */
function passOf({ naive, wall, text }: Extract<DateTimeResult, { ok: true }>, zone: string, dst: DstFields): string {
  if (!naive || dst.fold !== 'second') return text
  const found = toInstant(zone, wall)
  return found.kind === 'fold' ? formatWall(wall, found.second) : text
}

/** The fields of an interval schedule; a field that is `undefined` is taken from `base`, null means none. */
export interface IntervalFields {
  every: Every | undefined
  startDate: string | null | undefined
  endDate: string | null | undefined
  /** Says which pass a start date without an offset means that occurs twice. */
  dst?: DstFields | undefined
}

/**
 * An interval schedule in a zone. Without a start date its anchor is `now`, ms since 1970, which is then no occurrence.
 *
 * @param base the schedule that is being changed, in the same zone
 */
export function readInterval(
  { every, startDate, endDate, dst = {} }: IntervalFields,
  zone: string,
  now: number,
  base?: IntervalSchedule,
): ReadSchedule<IntervalSchedule> {
  const errors: FieldError[] = []
  const units = every ?? base?.every ?? {}
  const fault = checkEvery(units)
  if (fault) errors.push({ path: fault.unit ?? blame(units), message: fault.message })
  const start = startDate ? readDateTime('start_date', startDate, zone, errors) : null
  const end = endDate ? readDateTime('end_date', endDate, zone, errors) : null
  if (errors.length > 0) return { errors }

  const schedule: IntervalSchedule = {
    type: 'interval',
    every: nonZero(units),
    ...(start
      ? { anchor: passOf(start, zone, dst), anchorGiven: true }
      : startDate === undefined && base
        ? { anchor: base.anchor, anchorGiven: base.anchorGiven }
        : { anchor: formatInZone(now, zone), anchorGiven: false }),
  }
  const last = end?.text ?? (endDate === undefined ? base?.end : undefined)
  if (last !== undefined) schedule.end = last
  if (schedule.end !== undefined && schedule.anchorGiven && instantOf(schedule.end) < instantOf(schedule.anchor)) {
    const error = end
      ? { path: 'end_date', message: 'must not be before start_date' }
      : { path: 'start_date', message: 'must not be after end_date' }
    return { errors: [error] }
  }
  return { schedule }
}

const instantOf = (stored: string): number => readStored(stored).instant

/** The unit named when none is to blame alone: the first that was given. */
function blame(every: Every): string {
  return Object.keys(everyLimits).find((unit) => every[unit as keyof Every] !== undefined) ?? 'days'
}

function nonZero(every: Every): Every {
  return Object.fromEntries(
    Object.keys(everyLimits).flatMap((unit) => {
      const value = every[unit as keyof Every]
      return value ? [[unit, value]] : []
    }),
  )
}
