import { readStored } from './datetime.ts'
import { describeCron } from './describe-cron.ts'
import { describeRrule } from './describe-rrule.ts'
import { hasCalendarUnit, hasExactUnit } from './interval.ts'
import { sayCount, sayDateTime, sayDay, sayTime, sayWeekday } from './say-time.ts'
import type { Every, IntervalSchedule, Policies, Schedule } from './schedule.ts'

/**
 * What a schedule means, in English, without a final period: `Every 2 weeks on Friday at 15:00 in GMT+7, 10 times`.
 *
 * @param timezone as the client gave it; the schedule's wall times are in it
 * @param now ms since 1970; a start that has passed by then goes unsaid
 */
export function describeSchedule(
  schedule: Schedule,
  timezone: string,
  { jitterSeconds = 0, maxRuns = null }: Partial<Pick<Policies, 'jitterSeconds' | 'maxRuns'>> = {},
  now?: number,
): string {
  const said = ruleOf(schedule)
  let isZoneSaid = namesWallTimes(schedule)
  const parts = [isZoneSaid ? `${said}${endsInClause(schedule, said) ? ',' : ''} in ${timezone}` : said]
  const [start, end] = boundsOf(schedule)
  if (start !== undefined && (now === undefined || readStored(start).instant > now)) bound('from', start)
  if (end !== undefined) bound('until', end)
  if (maxRuns !== null && schedule.type !== 'once') parts.push(sayCount(maxRuns, 'time'))
  if (jitterSeconds > 0) parts.push(`delayed by up to ${sayCount(jitterSeconds, 'second')}`)
  return parts.join(', ')

  function bound(word: string, text: string): void {
    const limit = `${word} ${sayDateTime(readStored(text).wall)}`
    parts.push(isZoneSaid ? limit : `${limit} in ${timezone}`)
    isZoneSaid = true
  }
}

/** Whether a zone right after it would be taken for that of its last clause only: `…, 10 times in GMT+7`. */
const endsInClause = ({ type }: Schedule, said: string): boolean =>
  type !== 'once' && type !== 'interval' && said.includes(', ')

function ruleOf(schedule: Schedule): string {
  switch (schedule.type) {
    case 'once':
      return `Once, on ${sayDateTime(readStored(schedule.at).wall)}`
    case 'interval':
      return intervalOf(schedule)
    case 'cron':
      return describeCron(schedule.cron)
    case 'rrule':
      return describeRrule(schedule.rrule, readStored(schedule.anchor))
  }
}

/** An interval of exact units is the same in every zone. */
const namesWallTimes = (schedule: Schedule): boolean =>
  schedule.type !== 'interval' || (hasCalendarUnit(schedule.every) && !hasExactUnit(schedule.every))

function boundsOf(schedule: Schedule): [start: string | undefined, end: string | undefined] {
  if (schedule.type === 'once') return [undefined, undefined]
  if (schedule.type !== 'interval') return [schedule.start, schedule.end]
  return [schedule.anchorGiven ? schedule.anchor : undefined, schedule.end]
}

function intervalOf({ every, anchor }: IntervalSchedule): string {
  const { wall } = readStored(anchor)
  const said = `Every ${unitsOf(every)}`
  return hasExactUnit(every) ? said : `${said}${dayOf(every, wall)} at ${sayTime(wall)}`
}

/** `day`, `2 weeks`, `1 hour and 30 minutes` */
function unitsOf(every: Every): string {
  const named = Object.entries(every).filter(([, count]) => count > 0)
  const words = named.map(([unit, count]) => sayCount(count, unit.slice(0, -1)))
  const [only = ''] = words
  if (words.length === 1) return only.replace(/^1 /, '')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Which day, where the interval keeps to one. */
function dayOf({ years = 0, months = 0, weeks = 0, days = 0 }: Every, wall: number): string {
  const day = new Date(wall).getUTCDate()
  if (days > 0 || (weeks > 0 && years + months > 0)) return ''
  if (weeks > 0) return ` on ${sayWeekday(wall)}`
  if (months > 0) return ` on day ${day}${day > 28 ? ' (the last day of shorter months)' : ''}`
  return ` on ${sayDay(wall)}${sayDay(wall) === '29 February' ? ' (28 February in other years)' : ''}`
}
