import { formatWall, offsetAt, toInstant } from './timezone.ts'

/** The last instant the service works with: the end of the year 9999 in every zone. Milliseconds since 1970. */
export const MAX_INSTANT = Date.UTC(9999, 11, 31, 9, 59, 59, 999)

const FORM =
  /^(\d{4,})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d)(?::(\d\d))?)?)?)?$/

const RANGE = 'must be within the years 1970 to 9999'

export type DateTimeResult =
  | {
      ok: true
      /** Milliseconds since 1970. */
      instant: number
      /** The wall time in the zone, in milliseconds since 1970 as if the zone were UTC. */
      wall: number
      /** ISO 8601 with offset; holds both, also for a wall time inside a gap. What a schedule stores. */
      text: string
      /** True when the text had no offset, so that the zone decided the instant. */
      naive: boolean
      /** Whether the wall time was skipped (`gap`) or occurs twice (`fold`) in the zone. */
      kind: 'plain' | 'gap' | 'fold'
    }
  /** `reason` goes after the name of a field: `must be …`. */
  | { ok: false; reason: string }

/**
 * An ISO 8601 datetime as an instant: one with an offset or `Z` is an instant, one without is wall time in the zone.
 *
 * A date alone is its midnight. Milliseconds are kept, finer fractions cut off. Refused with a reason: other forms,
 * dates and times that do not exist (30 February, 24:00, a leap second), years outside 1970–9999.
 *
 * @param zone as `parseZone` returns it
 */
export function parseDateTime(text: string, zone: string): DateTimeResult {
  const read = readDateTime(text)
  if ('reason' in read) return { ok: false, reason: read.reason }
  const resolved = read.offset === null ? toInstant(zone, read.wall) : null
  const instant = resolved ? resolved.instant : read.wall - (read.offset ?? 0)
  if (instant < 0 || instant > MAX_INSTANT) return { ok: false, reason: RANGE }
  const wall = resolved ? read.wall : instant + offsetAt(zone, instant)
  const kind = resolved?.kind ?? 'plain'
  return { ok: true, instant, wall, text: formatWall(wall, instant), naive: resolved !== null, kind }
}

/** Why a text is no datetime in UTC, as `parseDateTime` has it; null when it is one. */
export function dateTimeFault(text: string): string | null {
  const read = readDateTime(text)
  if ('reason' in read) return read.reason
  const instant = read.wall - (read.offset ?? 0)
  return instant < 0 || instant > MAX_INSTANT ? RANGE : null
}

/**
 * The instant of a stored datetime (`DateTimeResult.text`) by the rules that its zone has now.
 *
 * The stored offset tells the two passes of a repeated hour apart. When the zone no longer has it at that time, the
 * wall time is what was promised, and it is resolved anew.
 *
 * @throws RangeError when the text is not a datetime with an offset.
 */
export function resolveStored(text: string, zone: string): { instant: number; wall: number } {
  const { instant, wall } = readStored(text)
  if (offsetAt(zone, instant) === wall - instant) return { instant, wall }
  return { instant: toInstant(zone, wall).instant, wall }
}

/**
 * The instant and the wall time that a stored datetime spells out, no zone asked.
 *
 * @throws RangeError when the text is not a datetime with an offset.
 */
export function readStored(text: string): { instant: number; wall: number } {
  const read = readDateTime(text)
  if ('reason' in read || read.offset === null) throw new RangeError(`bad stored datetime ${JSON.stringify(text)}`)
  return { instant: read.wall - read.offset, wall: read.wall }
}

function readDateTime(text: string): { wall: number; offset: number | null } | { reason: string } {
  const match = FORM.exec(text)
  if (!match) return { reason: 'must be an ISO 8601 datetime such as 2024-01-20T08:00:00 or 2024-01-20T08:00:00+07:00' }
  const [
    ,
    year,
    month,
    day,
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '0',
    zulu,
    sign,
    oh,
    om = '0',
    os = '0',
  ] = match
  // The last hours of 1969 may be an instant of 1970.
  if (Number(year) < 1969 || Number(year) > 9999) return { reason: RANGE }
  if (Number(hour) > 23 || Number(minute) > 59)
    return { reason: `must have a time from 00:00 to 23:59, not ${hour}:${minute}` }
  if (Number(second) > 59) return { reason: 'must have seconds from 00 to 59; leap seconds are not supported' }
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) {
    return { reason: `must be a date that exists, not ${year}-${month}-${day}` }
  }
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  const wall = date.getTime() + clock(hour, minute, second) + milliseconds
  if (zulu) return { wall, offset: 0 }
  if (oh === undefined) return { wall, offset: null }
  const offset = clock(oh, om, os)
  if (Number(om) > 59 || Number(os) > 59 || offset > MAX_OFFSET)
    return { reason: 'must have an offset from -18:00 to +18:00' }
  return { wall, offset: sign === '-' ? -offset : offset }
}

// Wider than any zone's, as a client may write any; ISO 8601 libraries stop here.
const MAX_OFFSET = 18 * 3_600_000

const clock = (hours: string, minutes: string, seconds: string): number =>
  ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
