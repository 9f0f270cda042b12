import { suggestName, zoneNames } from './zone-names.ts'
import { type Span, zoneTable } from './zone-table.ts'

const DAY = 86_400_000
const OFFSET = /^(?:utc|gmt)?([+-])(?:(\d{1,2})(?::(\d{2}))?|(\d{2})(\d{2}))$/
const MAX_OFFSET_MINUTES = 14 * 60

/**
 * The canonical form of a time zone, or null when the text names none.
 *
 * Takes IANA names (links included) and fixed offsets (`GMT+7`, `UTC-03:30`, `+0530`, `Z`), in any case, spaces
 * ignored. An IANA name keeps its spelling in canonical case (`Asia/Jakarta`); an offset becomes `UTC+07:00`, and no
 * offset `UTC`. `GMT+7` is seven hours ahead of UTC; the IANA name `Etc/GMT+7` keeps its POSIX meaning, behind.
 */
export function parseZone(text: string): string | null {
  if (text.length > 100) return null
  const key = zoneKey(text)
  if (key === 'z' || key === 'utc' || key === 'gmt') return 'UTC'
  const offset = OFFSET.exec(key)
  if (!offset) return zoneNames().get(key) ?? null
  const hours = Number(offset[2] ?? offset[4])
  const minutes = Number(offset[3] ?? offset[5] ?? 0)
  if (minutes > 59 || hours * 60 + minutes > MAX_OFFSET_MINUTES) return null
  if (hours + minutes === 0) return 'UTC'
  return `UTC${offset[1]}${two(hours)}:${two(minutes)}`
}

/** The zone that a text which `parseZone` refuses was probably meant to be, or null when nothing is close. */
export function suggestZone(text: string): string | null {
  return text.length > 100 ? null : suggestName(zoneKey(text))
}

/** What a wall-clock time means in a zone. Instants are in milliseconds since 1970. */
export type Resolved =
  | { kind: 'plain'; instant: number }
  /** The wall time is skipped. `instant` is as far past the gap as the time is into it; `gapEnd` the first after it. */
  | { kind: 'gap'; instant: number; gapEnd: number }
  /** The wall time occurs twice. `instant` is the first, `second` the other. */
  | { kind: 'fold'; instant: number; second: number }

/**
 * The instant at which the clocks of a zone show a wall time.
 *
 * `wall` is the wall time in milliseconds since 1970 as if the zone were UTC. A time in a gap moves on by the length
 * of the gap, a repeated time is taken the first time; `kind` says when that happened.
 */
export function toInstant(zone: string, wall: number): Resolved {
  const table = zoneTable(zone)
  const span = table.spanAt(wall)
  // No offset reaches a day: a transition further away than that cannot concern this wall time.
  if (span.from <= wall - DAY && span.to > wall + DAY) return { kind: 'plain', instant: wall - span.offset }
  const found: number[] = []
  let before: Span | undefined
  for (const span of table.spansBetween(wall - DAY, wall + DAY)) {
    const instant = wall - span.offset
    if (instant >= span.from && instant < span.to) found.push(instant)
    const skipped = before && wall >= before.to + before.offset && wall < span.from + span.offset
    if (before && skipped) return { kind: 'gap', instant: wall - before.offset, gapEnd: before.to }
    before = span
  }
  const [instant, second] = found
  if (instant === undefined) throw new RangeError(`the wall time ${wall} cannot be placed in ${zone}`)
  return second === undefined ? { kind: 'plain', instant } : { kind: 'fold', instant, second }
}

/** Milliseconds a zone is ahead of UTC at an instant. Whole minutes, but for a few offsets of before 1972. */
export function offsetAt(zone: string, instant: number): number {
  return zoneTable(zone).spanAt(instant).offset
}

/** An instant as ISO 8601 with the offset of a zone, `2026-11-24T08:00:00+07:00`; milliseconds only when not zero. */
export function formatInZone(instant: number, zone: string): string {
  return formatWall(instant + offsetAt(zone, instant), instant)
}

/**
 * A wall time together with its instant, as ISO 8601 with offset.
 *
 * For a wall time inside a gap this is the one form that keeps both: `02:30:00-05:00` is the instant 03:30 −04:00.
 */
export function formatWall(wall: number, instant: number): string {
  const text = new Date(wall).toISOString()
  const offset = Math.abs(wall - instant) / 1000
  const seconds = offset % 60
  return (
    (text.endsWith('.000Z') ? text.slice(0, -5) : text.slice(0, -1)) +
    (wall < instant ? '-' : '+') +
    `${two(Math.floor(offset / 3600))}:${two(Math.floor(offset / 60) % 60)}${seconds ? `:${two(seconds)}` : ''}`
  )
}

// People write `America/New York`; no two names differ in underscores alone.
const zoneKey = (text: string): string => text.toLowerCase().replaceAll(/[\s_]/g, '').replaceAll('−', '-')

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)
