import { checkCron } from './cron.ts'
import { type DateTimeResult, parseDateTime, readStored, resolveStored } from './datetime.ts'
import type { FieldError } from './problem.ts'
import type { ReadSchedule } from './read-schedule.ts'
import { readRrule as readRruleText } from './rrule.ts'
import type { Bounds, CronSchedule, RruleSchedule } from './schedule.ts'
import { formatInZone } from './timezone.ts'

/** `start_date` and `end_date` of a rule; undefined keeps those of the schedule that is changed, null is none. */
interface BoundFields {
  startDate: string | null | undefined
  endDate: string | null | undefined
}

/** @param base the schedule that is being changed, in the same zone */
export function readCron(
  fields: BoundFields & { cron: string | undefined },
  zone: string,
  base?: CronSchedule,
): ReadSchedule<CronSchedule> {
  const cron = fields.cron ?? base?.cron ?? ''
  const errors: FieldError[] = []
  const fault = checkCron(cron)
  if (fault) errors.push({ path: 'cron', message: fault })
  const bounds = readBounds(fields, zone, errors, base)
  return errors.length > 0 ? { errors } : { schedule: { type: 'cron', cron: cron.trim(), ...bounds } }
}

/**
 * A rule of RFC 5545. Without DTSTART it keeps that of `base`, or is anchored at `now`, ms since 1970.
 *
 * @param limited whether the job ends after a number of runs, which a rule of every second needs unless it ends itself
 */
export function readRrule(
  fields: BoundFields & { rrule: string | undefined; limited: boolean },
  zone: string,
  now: number,
  base?: RruleSchedule,
): ReadSchedule<RruleSchedule> {
  const errors: FieldError[] = []
  const bounds = readBounds(fields, zone, errors, base)
  const kept = base
    ? { anchor: base.anchor, anchorGiven: base.anchorGiven }
    : { anchor: formatInZone(Math.floor(now / 1000) * 1000, zone), anchorGiven: false }
  const read = readRruleText(fields.rrule ?? base?.rrule ?? '', zone, resolveStored(kept.anchor, zone))
  if ('errors' in read) return { errors: [...read.errors, ...errors] }
  if (read.freq === 'SECONDLY' && !read.bounded && bounds.end === undefined && !fields.limited) {
    const message = 'has FREQ=SECONDLY without an end; give it COUNT or UNTIL, or the job an end_date or max_runs'
    errors.push({ path: 'rrule', message })
  }
  if (errors.length > 0) return { errors }
  const anchor = read.dtstart ? { anchor: read.dtstart.text, anchorGiven: true } : kept
  return { schedule: { type: 'rrule', rrule: read.rrule, ...anchor, ...bounds } }
}

/** The lines of a rule with its DTSTART, which is wall time in the job's zone. */
export function writeRrule({ rrule, anchor }: RruleSchedule): string {
  const start = new Date(readStored(anchor).wall).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  return `DTSTART:${start}\n${rrule}`
}

function readBounds({ startDate, endDate }: BoundFields, zone: string, errors: FieldError[], base?: Bounds): Bounds {
  const start = readBound('start_date', startDate, base?.start)
  const end = readBound('end_date', endDate, base?.end)
  if (start !== undefined && end !== undefined && instantOf(end) < instantOf(start)) {
    errors.push(
      endDate
        ? { path: 'end_date', message: 'must not be before start_date' }
        : { path: 'start_date', message: 'must not be after end_date' },
    )
  }
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }

  function readBound(path: string, text: string | null | undefined, kept: string | undefined): string | undefined {
    if (text === undefined) return kept
    return text === null ? undefined : readDateTime(path, text, zone, errors)?.text
  }
}

/** A datetime of a field, or null when it is refused; what is wrong goes to `errors`. */
export function readDateTime(
  path: string,
  text: string,
  zone: string,
  errors: FieldError[],
): Extract<DateTimeResult, { ok: true }> | null {
  const read = parseDateTime(text, zone)
  if (read.ok) return read
  errors.push({ path, message: read.reason })
  return null
}

const instantOf = (stored: string): number => readStored(stored).instant
