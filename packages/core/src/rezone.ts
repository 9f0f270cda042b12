import { readStored, resolveStored } from './datetime.ts'
import { hasCalendarUnit } from './interval.ts'
import type { IntervalSchedule, RruleSchedule, Schedule } from './schedule.ts'
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
  const moved = { ...schedule }
  if (moved.type !== 'interval' && moved.start !== undefined) moved.start = moveWall(moved.start, toZone)
  if (moved.end !== undefined) moved.end = moveWall(moved.end, toZone)
  if (moved.type !== 'cron') {
    moved.anchor = namesWallTime(moved)
      ? moveWall(moved.anchor, toZone)
      : formatInZone(resolveStored(moved.anchor, fromZone).instant, toZone)
  }
  return moved
}

/** A stored datetime with the same wall time in another zone. */
export function moveWall(text: string, zone: string): string {
  const { wall } = readStored(text)
  return formatWall(wall, toInstant(zone, wall).instant)
}

function namesWallTime(schedule: IntervalSchedule | RruleSchedule): boolean {
  if (schedule.anchorGiven) return true
  return schedule.type === 'interval' ? hasCalendarUnit(schedule.every) : !EXACT_RULE.test(schedule.rrule)
}

const EXACT_RULE = /FREQ=(?:HOURLY|MINUTELY|SECONDLY)/
