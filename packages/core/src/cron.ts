import { cronDays, DAY } from './cron-days.ts'
import { readCron } from './cron-fields.ts'
import type { Recurrence } from './recurrence.ts'
import { timesOfDay } from './times-of-day.ts'

/** A cron, ready to be asked. */
export interface Cron {
  /**
   * Its occurrences as wall times, in milliseconds since 1970 as if the zone were UTC: whole seconds, from 31 December
   * 1969 to the end of 9999.
   */
  walls: Recurrence
  /**
   * Whether it counts minutes or hours as they come, instead of naming times of day: its minute or its hour field begins
   * with `*`. Vixie cron runs such a rule by the real time where the clocks change.
   */
  asTheyCome: boolean
}

// The planner asks for the cron of a job with each plan; to read one takes some 50 µs.
const MAX_KEPT = 5_000
const kept = new Map<string, Cron>()

/**
 * The cron that a text means.
 *
 * @throws RangeError when `checkCron` finds something wrong.
 */
export function compileCron(text: string): Cron {
  const cron = kept.get(text) ?? build(text)
  if (typeof cron === 'string') throw new RangeError(`bad cron: ${cron}`)
  return cron
}

/**
 * What is wrong with a cron, as the end of a sentence that begins with the name of the field; null when it is fine.
 *
 * Fine are five fields, or six with seconds first, of numbers, names, lists, ranges and steps, `?`, `L`, `LW`, `15W`, `5L`
 * and `5#2`; and the nicknames `@yearly` to `@hourly`. One that never fires is not.
 */
export function checkCron(text: string): string | null {
  if (kept.has(text)) return null
  const cron = build(text)
  return typeof cron === 'string' ? cron : null
}

function build(text: string): Cron | string {
  const fields = readCron(text)
  if (typeof fields === 'string') return fields
  const days = cronDays(fields)
  if (days === null) return 'never fires: no month it names has such a day'
  const times = timesOfDay(fields.hours, fields.minutes, fields.seconds)

  /** How many there are up to a second since 1970. */
  const upTo = (wall: number): number => {
    const { day, second } = split(wall)
    return days.upTo(day - 1) * times.count + (days.has(day) ? times.upTo(second) : 0)
  }

  const walls: Recurrence = {
    after(wall) {
      const { day, second } = split(wall)
      const index = days.has(day) ? times.upTo(second) : times.count
      if (index < times.count) return wallOf(day, times.at(index))
      const next = days.after(day)
      return next === null ? null : wallOf(next, times.at(0))
    },
    atOrBefore(wall) {
      const { day, second } = split(wall)
      const count = days.has(day) ? times.upTo(second) : 0
      if (count > 0) return wallOf(day, times.at(count - 1))
      const previous = days.atOrBefore(day - 1)
      return previous === null ? null : wallOf(previous, times.at(times.count - 1))
    },
    countIn: (from, to) => Math.max(0, upTo(to) - upTo(from)),
  }
  const cron = { walls, asTheyCome: fields.asTheyCome }
  const oldest = kept.size >= MAX_KEPT ? kept.keys().next().value : undefined
  if (oldest !== undefined) kept.delete(oldest)
  kept.set(text, cron)
  return cron
}

/** The day of a wall time, and its second of the day. Neither needs to be within the days. */
function split(wall: number): { day: number; second: number } {
  const day = Math.floor(wall / DAY)
  return { day, second: Math.floor((wall - day * DAY) / 1000) }
}

const wallOf = (day: number, second: number): number => day * DAY + second * 1000
