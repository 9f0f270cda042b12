import { Temporal } from 'temporal-polyfill'
import { DAY } from './day.ts'
import { type Named, type Placing, readTime, wallText } from './rule.ts'
import type { Special, ZoneClock } from './zone-clock.ts'

/** Occurrence n is `start + n × every`; calendar units first, exact ones as a duration. */
export interface IntervalRule {
  kind: 'interval'
  every: { years?: number; months?: number; weeks?: number; days?: number; hours?: number; minutes?: number }
  /** ISO 8601; without an offset a wall time. */
  start: string
  /** `start` is an instant with `Z`, at which the job is created without a start date: the first run is one interval later. */
  created?: boolean
  /** The last instant, ISO 8601 with `Z`. */
  end?: string
}

export const intervalBody = ({ every, start, created, end }: IntervalRule): object => ({
  type: 'interval',
  ...every,
  ...(!created && { start_date: start }),
  ...(end !== undefined && { end_date: end }),
})

/** @param to the last wall time that is asked for */
export function namedByInterval(rule: IntervalRule, clock: ZoneClock, to: number): Named {
  const { every, start, created, end } = rule
  const given = readTime(start)
  const wall = given.instant === null ? given.wall : clock.wallOf(given.instant)
  const anchor = clock.resolve([wall])[0] as number | Special
  const exact = ((every.hours ?? 0) * 60 + (every.minutes ?? 0)) * 60_000
  const bounds = end === undefined ? {} : { until: Date.parse(end) }
  const walls = wallsOf(every, wall, to)
  const isCalendar = Boolean(every.years || every.months || every.weeks || every.days)
  if (exact > 0) {
    const first = given.instant ?? placedAt(anchor, { gap: 'shift', fold: 'first' })
    if (!isCalendar) {
      const instants: number[] = []
      for (let at = first; at <= to + DAY; at += exact) instants.push(at)
      return { walls: [], instants, ...bounds }
    }
    const resolved = clock.resolve(walls)
    const placed = (placing: Placing) => resolved.map((it, n) => (n === 0 ? first : placedAt(it, placing)) + n * exact)
    return { walls: [], placed, ...bounds }
  }
  if (created) return { walls: walls.slice(1), ...bounds }
  if (typeof anchor === 'number' || anchor.kind === 'gap') return { walls, ...bounds }
  return { walls, pinned: given.instant ?? anchor.first, ...bounds }
}

/** Where one instant is needed, `skip` is `shift` and `both` is `first`. */
function placedAt(it: number | Special, { gap, fold }: Placing): number {
  if (typeof it === 'number') return it
  if (it.kind === 'gap') return gap === 'next_valid' ? it.end : it.shifted
  return fold === 'second' ? it.second : it.first
}

/** The wall times up to one, the first alone when no unit is of the calendar. */
function wallsOf(
  { years = 0, months = 0, weeks = 0, days = 0 }: IntervalRule['every'],
  start: number,
  to: number,
): number[] {
  const walls = [start]
  const step = (weeks * 7 + days) * DAY
  if (years + months === 0) {
    if (step > 0) for (let wall = start + step; wall <= to; wall += step) walls.push(wall)
    return walls
  }
  const anchor = Temporal.PlainDateTime.from(wallText(start))
  for (let n = 1; ; n += 1) {
    const date = anchor.add({ years: n * years, months: n * months, weeks: n * weeks, days: n * days })
    const wall = Date.parse(`${date.toString()}Z`)
    if (wall > to) return walls
    walls.push(wall)
  }
}
