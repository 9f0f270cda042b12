import { DAY } from './day.ts'
import type { RruleRule } from './rrule-rule.ts'
import type { Special, ZoneClock } from './zone-clock.ts'

const MINUTE = 60_000

/**
 * The instants of a rule by the hour or the minute: periods of equal length in elapsed time, from the one that holds
 * DTSTART; every minute of a period is looked at, and the limits go by what the clocks show at it.
 *
 * @param to the last wall time that is asked for
 */
export function exactInstants(rule: RruleRule, clock: ZoneClock, to: number): number[] {
  const { start, interval = 1, count = Infinity, byMinute } = rule
  const resolved = clock.resolve([start])[0] as number | Special
  const first = typeof resolved === 'number' ? resolved : resolved.kind === 'gap' ? resolved.shifted : resolved.first
  const unit = rule.freq === 'HOURLY' ? 60 * MINUTE : MINUTE
  const expands = unit > MINUTE && byMinute !== undefined
  // The hour of DTSTART by the clocks; its minute and second where the rule names minutes itself.
  const origin = expands ? first - (clock.wallOf(first) % unit) : first
  const second = expands ? first % MINUTE : 0
  const found: number[] = []
  for (let period = origin; period <= to + DAY && found.length < count; period += interval * unit) {
    for (let at = period + second; at < period + (expands ? unit : 1); at += MINUTE) {
      if (at >= first && passes(rule, clock.wallOf(at), expands || unit === MINUTE)) found.push(at)
    }
  }
  return found.slice(0, count)
}

function passes({ byMonth, byDay, byHour, byMinute }: RruleRule, wall: number, limitsMinutes: boolean): boolean {
  const date = new Date(wall)
  return (
    (!byMonth || byMonth.includes(date.getUTCMonth() + 1)) &&
    (!byDay || byDay.some(({ weekday }) => weekday === date.getUTCDay())) &&
    (!byHour || byHour.includes(date.getUTCHours())) &&
    (!limitsMinutes || !byMinute || byMinute.includes(date.getUTCMinutes()))
  )
}
