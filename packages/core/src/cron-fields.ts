import { CronPattern } from 'croner'
import { cronFault } from './cron-fault.ts'

/** What a cron names, in numbers. All lists ascend and are never empty, but for those of `days`. */
export interface CronFields {
  seconds: number[]
  minutes: number[]
  hours: number[]
  /** 1 to 12. */
  months: number[]
  /** Days of the month: as numbers, as the weekday nearest to a number (`15W`), the last (`L`), its last weekday (`LW`). */
  days: { numbers: number[]; nearest: number[]; last: boolean; lastWeekday: boolean }
  /**
   * Which of each weekday, Sunday first, as bits: 1 the first of the month to 16 the fifth, 32 the last; `EVERY` every one.
   */
  weekdays: number[]
  /**
   * True when a day matches by its number or by its weekday, false when it has to match by both. Vixie's rule: by both as
   * soon as one of the two fields begins with `*`, also when a step follows.
   */
  either: boolean
  /** Whether the minute or the hour field begins with `*`. */
  asTheyCome: boolean
}

/** The bits of a weekday that is named without `#` or `L`. */
export const EVERY = 63

const MAX_LENGTH = 200
// Tabs part the fields of many a crontab.
const PRINTABLE = /^[\t -~]*$/

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/**
 * The numbers that a cron names, or what is wrong with its text, as the end of a sentence that begins with the name of
 * the field. Says nothing of whether the days exist.
 *
 * croner parses the fields. Not taken over: its seventh field, its `+`, its `?` outside the two day fields, and its rule
 * for two day fields, which ignores a `*` that has a step.
 */
export function readCron(text: string): CronFields | string {
  if (text.length > MAX_LENGTH) return `must be at most ${MAX_LENGTH} characters`
  if (!PRINTABLE.test(text)) return 'must be one line of printable ASCII characters'
  const words = text.split(/[\t ]+/).filter((it) => it !== '')
  if (words[0]?.startsWith('@')) {
    const expanded = words.length === 1 ? nicknames[words[0].toLowerCase()] : undefined
    return expanded === undefined ? nicknameFault(words) : readFields(expanded.split(' '))
  }
  if (words.length === 5 || words.length === 6) return readFields(words)
  const year = words.length === 7 ? '; there is no field for the year' : ''
  return `must have five or six fields (minute, hour, day of month, month, day of week; the second first if six), not ${words.length}${year}`
}

/** The fields as croner gets them: always six. `?` is `*` where a day is meant. */
function readFields(words: string[]): CronFields | string {
  const six = words.length === 5 ? ['0', ...words] : words
  const fields = six.map((it, index) => (it === '?' && (index === 3 || index === 5) ? '*' : it))
  const pattern = parse(fields)
  if (pattern === null) return cronFault(fields, (index, value) => parse(alone(index, value)) !== null)
  const begins = (index: number) => fields[index]?.startsWith('*') === true
  return {
    seconds: members(pattern.second, 0),
    minutes: members(pattern.minute, 0),
    hours: members(pattern.hour, 0),
    months: members(pattern.month, 1),
    days: {
      numbers: members(pattern.day, 1),
      nearest: members(pattern.nearestWeekdays, 1),
      last: pattern.lastDayOfMonth,
      lastWeekday: pattern.lastWeekday,
    },
    weekdays: pattern.dayOfWeek,
    either: !begins(3) && !begins(5),
    asTheyCome: begins(1) || begins(2),
  }
}

function parse(fields: string[]): CronPattern | null {
  if (fields.some((it) => /[?+]/.test(it))) return null
  try {
    return new CronPattern(fields.join(' '), undefined, { mode: '6-part' })
  } catch {
    return null
  }
}

const alone = (index: number, value: string): string[] => ['*', '*', '*', '*', '*', '*'].with(index, value)

function nicknameFault([first, ...others]: string[]): string {
  const name = first?.toLowerCase()
  if (name === '@every') return 'must not be @every; use POST /jobs/interval for a fixed interval'
  if (name === '@reboot') return 'must not be @reboot, which names no time; use POST /jobs/interval or five fields'
  if (others.length > 0) return `must be a nickname such as @daily alone, or five or six fields`
  return `must be one of ${Object.keys(nicknames).join(', ')}, or five or six fields`
}

function members(flags: readonly number[], base: number): number[] {
  return flags.flatMap((flag, index) => (flag ? [index + base] : []))
}
