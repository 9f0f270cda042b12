import { dayPhrase } from './describe-rrule-days.ts'
import { parseRrule } from './rrule-parse.ts'
import { isSubDaily, type RruleParts } from './rrule-parts.ts'
import { and, MAX_LISTED, two } from './rrule-words.ts'

const units = {
  YEARLY: 'year',
  MONTHLY: 'month',
  WEEKLY: 'week',
  DAILY: 'day',
  HOURLY: 'hour',
  MINUTELY: 'minute',
  SECONDLY: 'second',
} as const

/**
 * What a rule means, in English: `Every month on the last Friday at 17:00, 10 times`. No zone, no final period. Shapes that
 * a sentence would not get right are quoted as they are.
 *
 * Not rrule-temporal's text: it calls the second to last Friday the last, and is silent about the day that DTSTART decides.
 *
 * @param rrule as `RruleSchedule.rrule`
 * @throws RangeError when the rule is not one that was accepted.
 */
export function describeRrule(rrule: string, anchor: { wall: number }): string {
  const { rule, rdates, exdates } = parseRrule(rrule)
  const added = rdates.instants.length + rdates.walls.length
  const left = exdates.instants.length + exdates.walls.length + exdates.days.length
  const except = left > 0 ? `, except ${dates(left)}` : ''
  if (!rule) return `On ${added} given ${added === 1 ? 'date' : 'dates'}${except}`
  const more = added > 0 ? `, and on ${added} more ${added === 1 ? 'date' : 'dates'}` : ''
  return (said(rule, anchor.wall) ?? verbatim(rrule, rule, anchor.wall)) + more + except
}

function said(rule: RruleParts, wall: number): string | null {
  const exact = isSubDaily(rule.freq)
  const days = dayPhrase(rule, wall)
  if (days === null || (exact && rule.bySetPos)) return null
  const every = rule.interval === 1 ? `Every ${units[rule.freq]}` : `Every ${rule.interval} ${units[rule.freq]}s`
  const times = exact ? clockPhrase(rule) : timesPhrase(rule, wall)
  return times === null ? null : every + days.on + times + days.limits + endPhrase(rule)
}

function timesPhrase(rule: RruleParts, wall: number): string | null {
  const at = new Date(wall)
  const hours = ascending(rule.byHour ?? [at.getUTCHours()])
  const minutes = ascending(rule.byMinute ?? [at.getUTCMinutes()])
  const seconds = ascending(rule.bySecond ?? [at.getUTCSeconds()])
  if (hours.length * minutes.length * seconds.length > MAX_LISTED) return null
  const times = hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => clock(hour, minute, second))),
  )
  return ` at ${and(times)}`
}

/** What expands and limits an hour, a minute or a second. */
function clockPhrase({ freq, byHour, byMinute, bySecond }: RruleParts): string | null {
  const lists = [byHour, byMinute, bySecond].map((list) => list && ascending(list))
  const [hours, minutes, seconds] = lists
  if (lists.some((list) => list && list.length > MAX_LISTED && !isRun(list))) return null
  const within = (unit: string, list: number[]) =>
    isRun(list)
      ? `${unit}s ${list[0]} to ${list.at(-1)}`
      : `${list.length > 1 ? `${unit}s` : unit} ${and(list.map(String))}`
  let text = ''
  if (minutes && freq === 'HOURLY') text += ` at ${within('minute', minutes)}`
  if (seconds && freq !== 'SECONDLY')
    text += `${minutes && freq === 'HOURLY' ? ',' : ''} at ${within('second', seconds)}`
  if (hours)
    text += isRun(hours)
      ? `, only from ${clock(hours[0] ?? 0, 0, 0)} to ${two(hours.at(-1) ?? 0)}:59`
      : `, only in ${within('hour', hours)}`
  if (minutes && freq !== 'HOURLY') text += `, only in ${within('minute', minutes)}`
  if (seconds && freq === 'SECONDLY') text += `, only at ${within('second', seconds)}`
  return text
}

function endPhrase({ count, until }: RruleParts): string {
  if (count !== null) return count === 1 ? ', once' : `, ${count} times`
  if (!until) return ''
  const text = new Date(until.at).toISOString().slice(0, 19)
  if (until.utc) return `, until ${text}Z`
  return `, until ${text.endsWith('T23:59:59') ? text.slice(0, 10) : text.replace('T', ' ').replace(/:00$/, '')}`
}

function verbatim(rrule: string, rule: RruleParts, wall: number): string {
  const line = rrule.split('\n').find((it) => it.startsWith('RRULE:')) ?? ''
  const open = !isSubDaily(rule.freq) && !rule.byHour && !rule.byMinute && !rule.bySecond
  return `Rule \`${line.slice('RRULE:'.length)}\`${open ? timesPhrase(rule, wall) : ''}`
}

function clock(hour: number, minute: number, second: number): string {
  return `${two(hour)}:${two(minute)}${second ? `:${two(second)}` : ''}`
}

const isRun = (list: number[]): boolean => list.length > 2 && (list.at(-1) ?? 0) - (list[0] ?? 0) === list.length - 1

const ascending = (list: readonly number[]): number[] => [...new Set(list)].sort((a, b) => a - b)

const dates = (count: number): string => `${count} ${count === 1 ? 'date' : 'dates'}`
