import { parseDateTime } from './datetime.ts'
import type { FieldError } from './problem.ts'
import { checkRule } from './rrule-check.ts'
import { quote, type RruleDate, readRruleDate } from './rrule-dates.ts'
import { checkRrule } from './rrule-occurrences.ts'
import { parseRrule } from './rrule-parse.ts'
import { type RruleAnchor, rruleLimits } from './rrule-parts.ts'
import { parseZone } from './timezone.ts'

/** A client's recurrence rule that was accepted. */
export interface ReadRrule {
  /** RRULE, RDATE and EXDATE lines in upper case, without TZID, joined by line feeds: what a schedule stores. */
  rrule: string
  /** The DTSTART line, ISO 8601 with offset as `DateTimeResult.text`; null when there is none. */
  dtstart: { text: string } | null
  /** FREQ; null when there are RDATEs only. */
  freq: string | null
  /** True when it ends by itself: COUNT, UNTIL, or RDATEs only. */
  bounded: boolean
}

const NAME = /^(?:BEGIN|END|[A-Z][A-Z-]*)$/
const MAX_ERRORS = 10
/** Stands in for an anchor that is not known yet. Its day and time of day occur in each month. */
const STAND_IN: RruleAnchor = { wall: Date.UTC(2024, 0, 1), instant: Date.UTC(2024, 0, 1) }

/**
 * A recurrence rule as RFC 5545 writes it: lines of DTSTART, RRULE, RDATE and EXDATE, or the value of an RRULE alone.
 *
 * Times with `Z` are instants, all others wall time in the zone. Refused by name is whatever would have to be ignored:
 * other lines, unknown parts, another zone. So is a rule that never occurs, judged from its DTSTART, or else `anchor`.
 *
 * @param zone as `parseZone` returns it
 */
export function readRrule(text: string, zone: string, anchor?: RruleAnchor): ReadRrule | { errors: FieldError[] } {
  if (text.length > rruleLimits.characters) return refuse([`must be at most ${rruleLimits.characters} characters`])
  const lines = new Map<string, string[]>([
    ['DTSTART', []],
    ['RRULE', []],
    ['RDATE', []],
    ['EXDATE', []],
  ])
  const errors: string[] = []
  let start: string | null = null
  // RFC 5545 section 3.1: a line that begins with a blank goes on with the one before.
  for (const line of text
    .replaceAll(/\r?\n[ \t]/g, '')
    .trim()
    .split(/\r?\n/)) {
    if (line.trim() !== '') readLine(line.trim().toUpperCase(), line.trim())
  }
  const rules = lines.get('RRULE') ?? []
  for (const name of ['DTSTART', 'RRULE']) {
    if ((lines.get(name)?.length ?? 0) > 1) errors.push(`must have one ${name} line at most`)
  }
  if (errors.length === 0 && rules.length === 0 && lines.get('RDATE')?.length === 0) {
    errors.push('must have an RRULE or an RDATE')
  }
  if (errors.length > 0) return refuse(errors)

  const rrule = ['RRULE', 'RDATE', 'EXDATE'].flatMap((name) => lines.get(name) ?? []).join('\n')
  const dtstart = start === null ? null : parseDateTime(start, zone)
  if (dtstart && !dtstart.ok) return refuse([`DTSTART ${dtstart.reason}`])
  // Without an anchor, UNTIL cannot be judged: any stand-in may lie after it.
  const known = dtstart ?? anchor
  const fault = checkRrule(known ? rrule : withoutUntil(rrule), known ?? STAND_IN, zone)
  if (fault) return refuse([fault])
  const { rule } = parseRrule(rrule)
  return {
    rrule,
    dtstart: dtstart && { text: dtstart.text },
    freq: rule?.freq ?? null,
    bounded: rule === null || rule.count !== null || rule.until !== null,
  }

  function readLine(line: string, original: string): void {
    const colon = line.indexOf(':')
    const bare = colon < 0 && /^[A-Z-]+=/.test(line)
    const [name = '', ...params] = (bare ? 'RRULE' : colon < 0 ? line : line.slice(0, colon)).split(';')
    const into = lines.get(name)
    if (!into)
      errors.push(
        `has a line ${NAME.test(name) ? name : quote(original)}, which is not supported; give DTSTART, RRULE, RDATE and EXDATE`,
      )
    else if (colon < 0 && !bare) errors.push(`has a line ${name} without a colon and a value`)
    else if (name === 'RRULE') {
      if (params.length > 0) errors.push(`has an RRULE with ${quote(params.join(';'))}; RRULE takes no parameters`)
      const value = line.slice(bare ? 0 : colon + 1).replace(/;$/, '')
      errors.push(...checkRule(value))
      into.push(`RRULE:${value}`)
    } else {
      const values = readDates(name, params, line.slice(colon + 1), original)
      if (name === 'DTSTART') {
        into.push(line)
        if (values.length > 1) errors.push('DTSTART must have one value')
        start = values[0] ? values[0].iso + (values[0].utc ? 'Z' : '') : null
      } else into.push(...written(name, values))
    }
  }

  function readDates(name: string, params: string[], value: string, original: string): RruleDate[] {
    let only: string | null = null
    let zoned = false
    const before = errors.length
    for (const param of params) {
      if (param.startsWith('TZID=')) {
        zoned = true
        checkZone(original.slice(0, original.indexOf(':')))
      } else if (/^VALUE=(?:DATE|DATE-TIME)$/.test(param)) only = param.slice(6)
      else if (param.startsWith('VALUE='))
        errors.push(`${name} must be VALUE=DATE-TIME or DATE, not ${quote(param.slice(6))}`)
      else errors.push(`${name} must not have the parameter ${quote(param)}`)
    }
    // A value of another type would only be told to be written wrongly.
    if (errors.length > before) return []
    const found: RruleDate[] = []
    for (const item of value.split(',')) {
      const date = readRruleDate(item)
      if (typeof date === 'string') errors.push(`${name} ${date}`)
      else if (only !== null && date.date !== (only === 'DATE'))
        errors.push(`${name} must hold VALUE=${only}, not ${quote(item)}`)
      else if (zoned && date.utc) errors.push(`${name} must not have both TZID and a time with Z`)
      else found.push(date)
    }
    return found
  }

  function checkZone(head: string): void {
    const given = /;TZID=("?)([^;"]*)\1(?:;|$)/i.exec(head)?.[2] ?? ''
    if (parseZone(given) !== zone) {
      errors.push(`has TZID ${quote(given).slice(1, -1)}, but timezone is ${zone}; give one of them, or the same`)
    }
  }
}

/** The values as lines: one of times, one of dates. */
function written(name: string, values: RruleDate[]): string[] {
  const texts = values.map(
    ({ iso, utc, date }) => iso.replaceAll(/[-:]/g, '').slice(0, date ? 8 : 15) + (utc ? 'Z' : ''),
  )
  const times = texts.filter((text) => text.length > 8)
  const days = texts.filter((text) => text.length === 8)
  return [
    ...(times.length > 0 ? [`${name}:${times.join(',')}`] : []),
    ...(days.length > 0 ? [`${name};VALUE=DATE:${days.join(',')}`] : []),
  ]
}

const withoutUntil = (rrule: string): string => rrule.replace(/;UNTIL=[^;\n]*/, '').replace(/:UNTIL=[^;\n]*;/, ':')

const refuse = (messages: string[]): { errors: FieldError[] } => ({
  errors: [...new Set(messages)].slice(0, MAX_ERRORS).map((message) => ({ path: 'rrule', message })),
})
