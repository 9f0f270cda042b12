import { RRuleTemporal } from 'rrule-temporal'
import { checkRule } from './rrule-check.ts'
import { readRruleDate } from './rrule-dates.ts'
import { type Freq, type RruleDates, type RruleDay, type RruleParts, weekdays } from './rrule-parts.ts'

export interface ParsedRrule {
  /** Null when there are RDATEs only. */
  rule: RruleParts | null
  rdates: RruleDates
  /** `days` are whole days, as the wall time of their midnight. */
  exdates: RruleDates & { days: number[] }
}

/**
 * The lines that a schedule stores, read.
 *
 * @throws RangeError when the text is not one that `readRrule` wrote.
 */
export function parseRrule(text: string): ParsedRrule {
  const parsed: ParsedRrule = {
    rule: null,
    rdates: { instants: [], walls: [] },
    exdates: { instants: [], walls: [], days: [] },
  }
  for (const line of text.split('\n')) {
    const [head = '', value = ''] = line.split(':')
    const [name] = head.split(';')
    if (name === 'RRULE') parsed.rule = parseRule(value)
    else if (name === 'RDATE' || name === 'EXDATE') {
      for (const item of value.split(',')) place(name, item)
    } else throw new RangeError(`bad recurrence rule: ${JSON.stringify(line)}`)
  }
  return parsed

  function place(name: 'RDATE' | 'EXDATE', item: string): void {
    const date = readRruleDate(item)
    if (typeof date === 'string') throw new RangeError(`bad recurrence rule: ${name} ${date}`)
    const into = name === 'RDATE' ? parsed.rdates : parsed.exdates
    if (date.date && name === 'EXDATE') parsed.exdates.days.push(date.at)
    else (date.utc ? into.instants : into.walls).push(date.at)
  }
}

/**
 * The library reads the values; `checkRule` first refuses what it would drop or mend without a word (unknown parts, a
 * thirteenth month). Its own strict mode stays on as a second opinion.
 */
function parseRule(value: string): RruleParts {
  const [fault] = checkRule(value)
  if (fault) throw new RangeError(`bad recurrence rule: ${fault}`)
  // The library wants UNTIL to be of DTSTART's type; a date alone means its whole day.
  const dated = value.replace(/(?<=UNTIL=\d{8})(?=;|$)/, 'T235959')
  // A DTSTART without zone lets UNTIL be a wall time. It has no influence on the values.
  const options = readByLibrary(`DTSTART:19700101T000000\nRRULE:${dated}`)
  const months = options.byMonth?.map(Number)
  return {
    freq: options.freq as Freq,
    interval: options.interval ?? 1,
    count: options.count ?? null,
    until: options.until ? { at: options.until.epochMilliseconds, utc: /UNTIL=\d{8}T\d{6}Z/.test(dated) } : null,
    weekStart: options.wkst ? weekdays.indexOf(options.wkst as (typeof weekdays)[number]) : 0,
    byMonth: months ?? null,
    byWeekNo: options.byWeekNo ?? null,
    byYearDay: options.byYearDay ?? null,
    byMonthDay: options.byMonthDay ?? null,
    byDay: options.byDay?.map(parseDay) ?? null,
    byHour: options.byHour ?? null,
    byMinute: options.byMinute ?? null,
    bySecond: options.bySecond ?? null,
    bySetPos: options.bySetPos ?? null,
  }
}

function readByLibrary(rruleString: string): ReturnType<RRuleTemporal['options']> {
  try {
    return new RRuleTemporal({ rruleString, strict: true }).options()
  } catch (error) {
    throw new RangeError(`bad recurrence rule: ${error instanceof Error ? error.message : error}`)
  }
}

function parseDay(text: string): RruleDay {
  const weekday = weekdays.indexOf(text.slice(-2) as (typeof weekdays)[number])
  return { ordinal: Number(text.slice(0, -2) || 0), weekday }
}
