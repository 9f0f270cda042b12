import cronstrue from 'cronstrue'
import { type CronFields, EVERY, readCron } from './cron-fields.ts'

const options = { verbose: false, use24HourTimeFormat: true, dayOfWeekStartIndexZero: true }
// More would be a paragraph, not a sentence.
const MAX_TIMES = 6
const MAX_PHRASES = 8
const LONG_LIST = 8

/**
 * What a cron means, in English: `Every 5 minutes, Monday through Friday`. No zone, no final period, hours from 00 to 23.
 * The text itself where words would be too many, or when it is no cron.
 *
 * cronstrue says each part. It is given one at a time, made anew from the numbers, for it takes a text at its word: a step
 * of 45 would be "every 45 minutes", `0,30 8,17` would end "at 08:00 and 17:00", `1-5#1` would be "Monday through first
 * Friday", and two day fields would always be "and".
 */
export function describeCron(text: string): string {
  const fields = readCron(text)
  if (typeof fields === 'string') return verbatim(text)
  try {
    const months = fields.months.length === 12 ? [] : [ofDay('*', list(fields.months), '*')]
    return [timeOf(fields), ...daysOf(fields), ...months].join(', ')
  } catch {
    return verbatim(text)
  }
}

const verbatim = (text: string): string => `Cron \`${text}\``

function timeOf({ seconds, minutes, hours }: CronFields): string {
  const [second = 0, ...otherSeconds] = seconds
  const [minute = 0] = minutes
  if (otherSeconds.length === 0 && minutes.length * hours.length <= MAX_TIMES) {
    return `At ${and(hours.flatMap((hour) => minutes.map((it) => clock(hour, it, second))))}`
  }
  if (seconds.length === 1 && minutes.length === 1 && steps(hours, 24).startsWith('*/')) {
    const every = `every ${24 / hours.length} hours`
    return second + minute === 0 ? capital(every) : `${ofTime(`${second}`, `${minute}`)}, ${every}`
  }
  // "Every 10 seconds, every 5 minutes" is not what a step within a step means: the minutes are told one by one.
  const several = otherSeconds.length > 0
  const ofHour = several && minutes.length < 60 ? list(minutes) : steps(minutes, 60)
  const said = ofTime(steps(seconds, 60), ofHour)
  const within = several ? said.replace('on the hour', 'at 0 minutes past the hour') : said
  if (hours.length === 24) return within
  const [first = 0, last = 0] = [hours[0], hours.at(-1)]
  if (last - first !== hours.length - 1) return `${within}, in the hours of ${and(hours.map((it) => clock(it, 0, 0)))}`
  const end = clock(last, minutes.at(-1) ?? 0, seconds.at(-1) ?? 0)
  return `${within}, between ${clock(first, minute, second)} and ${end}`
}

/** One phrase about the days, or none when it is every day. */
function daysOf(fields: CronFields): string[] {
  const { days, either } = fields
  const numbered = days.numbers.length === 31 ? [] : byNumber(days)
  const named = fields.weekdays.every((it) => it === EVERY) ? [] : byWeekday(fields.weekdays)
  if (either) return numbered.length === 0 || named.length === 0 ? [] : [or([...numbered, ...named])]
  if (numbered.length > 0 && named.length > 0) return [or(numbered), `only if also ${or(named.map(withoutOnly))}`]
  return [or([...numbered, ...named])].filter((it) => it !== '')
}

function byNumber({ numbers, nearest, last, lastWeekday }: CronFields['days']): string[] {
  const texts = nearest.map((it) => `${it}W`)
  if (numbers.length > 0) texts.unshift(steps(numbers, 31))
  if (last) texts.push('L')
  if (lastWeekday) texts.push('LW')
  return texts.map((it) => ofDay(it, '*', '*'))
}

function byWeekday(weekdays: readonly number[]): string[] {
  // Sunday as 7, for a weekend to be Saturday and Sunday.
  const all = [1, 2, 3, 4, 5, 6, 7]
  const plain = all.filter((it) => weekdays[it % 7] === EVERY)
  const texts = all.flatMap((it) => {
    const bits = weekdays[it % 7] ?? 0
    if (bits === EVERY) return []
    return ['#1', '#2', '#3', '#4', '#5', 'L'].filter((_, bit) => (bits >> bit) & 1).map((which) => `${it}${which}`)
  })
  if (plain.length > 0) texts.unshift(list(plain))
  return texts.map((it) => ofDay('*', '*', it))
}

const ofTime = (seconds: string, minutes: string): string =>
  cronstrue.toString(`${seconds} ${minutes} * * * *`, options)

function ofDay(day: string, month: string, weekday: string): string {
  return cronstrue.toString(`0 0 0 ${day} ${month} ${weekday}`, options).replace('At 00:00, ', '')
}

/** As `list`; but all of them as `*`, those a step apart as the step. */
function steps(values: readonly number[], size: number): string {
  const [first = 0, second = 0, last = 0] = [values[0], values[1], values.at(-1)]
  const step = second - first
  if (values.length === size) return '*'
  if (values.length === 1 || step === 1 || values.some((it, index) => it !== first + index * step)) return list(values)
  if (first === 0 && step * values.length === size) return `*/${step}`
  return values.length > LONG_LIST ? `${first}-${last}/${step}` : list(values)
}

/** The values with commas, three or more in a row as a range. */
function list(values: readonly number[]): string {
  const runs: number[][] = []
  for (const value of values) {
    const run = runs.at(-1)
    if (run?.at(-1) === value - 1) run.push(value)
    else runs.push([value])
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(','))).join(',')
}

function or(phrases: readonly string[]): string {
  if (phrases.length > MAX_PHRASES) throw new RangeError('too many phrases')
  return (phrases.length > 1 ? phrases.map(withoutOnly) : phrases).join(', or ')
}

const and = (words: readonly string[]): string =>
  words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

const withoutOnly = (phrase: string): string => phrase.replace(/^only /, '')

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const clock = (hour: number, minute: number, second: number): string =>
  [hour, minute, ...(second > 0 ? [second] : [])].map((it) => `${it}`.padStart(2, '0')).join(':')
