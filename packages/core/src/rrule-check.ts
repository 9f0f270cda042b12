import { quote, readRruleDate } from './rrule-dates.ts'
import { type Freq, frequencies, isSubDaily, rruleLimits, weekdays } from './rrule-parts.ts'

interface Range {
  min: number
  max: number
  /** Also from the end: -max to -min. */
  signed: boolean
}

const ranges: Record<string, Range> = {
  BYMONTH: { min: 1, max: 12, signed: false },
  BYWEEKNO: { min: 1, max: 53, signed: true },
  BYYEARDAY: { min: 1, max: 366, signed: true },
  BYMONTHDAY: { min: 1, max: 31, signed: true },
  BYHOUR: { min: 0, max: 23, signed: false },
  BYMINUTE: { min: 0, max: 59, signed: false },
  BYSECOND: { min: 0, max: 59, signed: false },
  BYSETPOS: { min: 1, max: 366, signed: true },
}

/** Parts of RFC 7529, which real calendars write and other readers silently drop. */
const elsewhere = ['RSCALE', 'SKIP']
const DAY = /^(?:([+-]?)(\d{1,2}))?([A-Z]{2})$/

/**
 * What is wrong with the value of an RRULE, in upper case; empty when nothing is. Each message names its part.
 *
 * Strict on purpose: a part that nobody knows would else be a schedule that nobody meant.
 */
export function checkRule(value: string): string[] {
  const parts = new Map<string, string>()
  const faults: string[] = []
  for (const part of value.replace(/;$/, '').split(';')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, equals)
    if (equals < 1) faults.push(`RRULE must be made of NAME=VALUE, separated by semicolons; ${quote(part)} is not`)
    else if (parts.has(name)) faults.push(`${clip(name)} must be given once only`)
    else {
      parts.set(name, part.slice(equals + 1))
      faults.push(...checkPart(name, part.slice(equals + 1)))
    }
  }
  // What the parts may be together is only worth saying once each is right.
  return faults.length > 0 ? faults : checkTogether(parts)
}

function checkPart(name: string, value: string): string[] {
  if (elsewhere.includes(name)) return [`${name} is not supported (RFC 7529)`]
  const known = name in ranges || ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY'].includes(name)
  if (!known) return [`${clip(name)} is not a part of a recurrence rule`]
  if (value === '') return [`${name} must have a value`]
  const range = ranges[name]
  if (range) return first(value.split(',').map((it) => checkNumber(name, it, range)))
  if (name === 'BYDAY') return first(value.split(',').map(checkDay))
  if (name === 'FREQ') return oneOf(name, value, frequencies)
  if (name === 'WKST') return oneOf(name, value, weekdays)
  if (name === 'COUNT') return whole(name, value, rruleLimits.count)
  if (name === 'INTERVAL') return whole(name, value, Number.MAX_SAFE_INTEGER)
  const date = readRruleDate(value)
  return typeof date === 'string' ? [`UNTIL ${date}`] : []
}

function checkTogether(parts: ReadonlyMap<string, string>): string[] {
  const freq = parts.get('FREQ') as Freq | undefined
  if (freq === undefined) return [`RRULE must have FREQ, one of ${frequencies.join(', ')}`]
  const has = (name: string): boolean => parts.has(name)
  const faults: string[] = []
  const limit = rruleLimits.interval[freq]
  if (Number(parts.get('INTERVAL') ?? 1) > limit) faults.push(`INTERVAL must be at most ${limit} with FREQ=${freq}`)
  if (has('COUNT') && has('UNTIL')) faults.push('COUNT and UNTIL must not be given together')
  if (has('BYWEEKNO') && freq !== 'YEARLY') faults.push('BYWEEKNO must be given with FREQ=YEARLY only')
  if (has('BYYEARDAY') && freq !== 'YEARLY' && !isSubDaily(freq)) {
    faults.push(`BYYEARDAY must not be given with FREQ=${freq}`)
  }
  if (has('BYMONTHDAY') && freq === 'WEEKLY') faults.push('BYMONTHDAY must not be given with FREQ=WEEKLY')
  if (/\d/.test(parts.get('BYDAY') ?? '')) {
    if (freq !== 'MONTHLY' && freq !== 'YEARLY') {
      faults.push(`BYDAY must not have numbers with FREQ=${freq}; they are for MONTHLY and YEARLY`)
    } else if (has('BYWEEKNO')) faults.push('BYDAY must not have numbers when BYWEEKNO is given')
  }
  const others = [...parts.keys()].filter((name) => name.startsWith('BY') && name !== 'BYSETPOS')
  if (has('BYSETPOS') && others.length === 0) faults.push('BYSETPOS must be given with another BY part')
  return faults
}

function checkNumber(name: string, text: string, { min, max, signed }: Range): string | null {
  const digits = signed ? /^[+-]?\d{1,3}$/ : /^\d{1,2}$/
  const value = digits.test(text) ? Math.abs(Number(text)) : Number.NaN
  if (value >= min && value <= max) return null
  if (name === 'BYSECOND' && value === 60) return 'BYSECOND must be from 0 to 59; leap seconds are not supported'
  return `${name} must be from ${min} to ${max}${signed ? `, or -${max} to -${min}` : ''}, not ${quote(text)}`
}

function checkDay(text: string): string | null {
  const match = DAY.exec(text)
  const day = match?.[3] as (typeof weekdays)[number] | undefined
  const ordinal = match?.[2] === undefined ? 1 : Number(match[2])
  if (day && weekdays.includes(day) && ordinal >= 1 && ordinal <= 53) return null
  return `BYDAY must be ${weekdays.join(', ')}, with a number from 1 to 53 or -53 to -1 before if need be, not ${quote(text)}`
}

function oneOf(name: string, value: string, of: readonly string[]): string[] {
  return of.includes(value) ? [] : [`${name} must be one of ${of.join(', ')}, not ${quote(value)}`]
}

function whole(name: string, value: string, max: number): string[] {
  if (!/^\d+$/.test(value) || Number(value) < 1)
    return [`${name} must be a whole number, 1 or more, not ${quote(value)}`]
  return Number(value) > max ? [`${name} must be at most ${max}`] : []
}

/** One message is enough for a list of a thousand wrong values. */
function first(faults: (string | null)[]): string[] {
  const fault = faults.find((it) => it !== null)
  return fault ? [fault] : []
}

const clip = (name: string): string => (/^[A-Z-]{1,20}$/.test(name) ? name : quote(name))
