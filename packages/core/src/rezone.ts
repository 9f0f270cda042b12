import { readStored, resolveStored } from './datetime.ts'
import type { IntervalSchedule, Schedule } from './schedule.ts'
import { formatInZone, formatWall, toInstant } from './timezone.ts'

/**
 * The schedule of a job that moves to another zone.
 *
 * A one-time job keeps its instant. A recurring one keeps its wall times: 08:00 in the one zone becomes 08:00 in the
 * other, and its end with it, so that the last occurrence stays the last. But the creation moment, when it is the
 * anchor of a purely exact interval (every 30 minutes), names no wall time, and moving it would silence the job for
 * hours: it keeps its instant.
 *
 * @param fromZone as `parseZone` returns it, like `toZone`
 * @throws RangeError when the schedule or a zone is not one that was accepted.
 */
export function rezone(schedule: Schedule, fromZone: string, toZone: string): Schedule {
  if (schedule.type === 'once') return { ...schedule, at: formatInZone(readStored(schedule.at).instant, toZone) }
  const anchor =
    schedule.anchorGiven || hasCalendarUnit(schedule)
      ? moveWall(schedule.anchor, toZone)
      : formatInZone(resolveStored(schedule.anchor, fromZone).instant, toZone)
  return { ...schedule, anchor, ...(schedule.end !== undefined && { end: moveWall(schedule.end, toZone) }) }
}

function moveWall(text: string, zone: string): string {
  const { wall } = readStored(text)
  return formatWall(wall, toInstant(zone, wall).instant)
}

function hasCalendarUnit({ every }: IntervalSchedule): boolean {
  return Boolean(every.years || every.months || every.weeks || every.days)
}
