import { type Recurrence, until } from './recurrence.ts'
import { type RruleOccurrences, rruleOccurrences, untilInstant } from './rrule-occurrences.ts'
import { parseRrule } from './rrule-parse.ts'
import { isSubDaily, type RruleAnchor, type RruleDates } from './rrule-parts.ts'

export { readRrule } from './rrule-read.ts'

/** A recurrence rule, ready to be placed in its zone. */
export interface CompiledRrule {
  /**
   * FREQ=DAILY and coarser: the occurrences as wall times, with COUNT and an UNTIL that is wall time applied. Null for
   * finer rules, and when there are RDATEs only.
   */
  walls: Recurrence | null
  /** FREQ=HOURLY and finer: exact durations, so the occurrences are instants; COUNT and UNTIL applied. Else null. */
  instants: Recurrence | null
  /** The last instant that `walls` may have, inclusive: an UNTIL with `Z`. Null when there is none. */
  untilInstant: number | null
  /** Further occurrences, whatever the rule; ms since 1970. */
  rdates: RruleDates
  /** Occurrences that are left out, after COUNT. `days` are whole days: the wall time of their midnight. */
  exdates: RruleDates & { days: number[] }
}

const MAX_CACHED = 5_000
const cache = new Map<string, CompiledRrule>()

/**
 * A rule in the form that a schedule stores, made ready; kept for the next time, as a COUNT costs some milliseconds.
 *
 * COUNT counts what the rule names from DTSTART on, before EXDATE. DTSTART is an occurrence only when it matches.
 *
 * @param text as `RruleSchedule.rrule`
 * @param zone as `parseZone` returns it
 * @throws RangeError when the rule is not one that was accepted.
 */
export function compileRrule(text: string, anchor: RruleAnchor, zone: string): CompiledRrule {
  const key = `${zone}\n${anchor.wall}\n${anchor.instant}\n${text}`
  const known = cache.get(key)
  if (known) {
    // The oldest goes first; what is asked for again is young.
    cache.delete(key)
    cache.set(key, known)
    return known
  }
  const compiled = compile(text, anchor, zone)
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
  cache.set(key, compiled)
  return compiled
}

function compile(text: string, anchor: RruleAnchor, zone: string): CompiledRrule {
  const { rule, rdates, exdates } = parseRrule(text)
  if (!rule) return { walls: null, instants: null, untilInstant: null, rdates, exdates }
  const whole = rruleOccurrences(rule, anchor, zone)
  const last = rule.count === null ? null : lastOf(rule.count, whole)
  if (isSubDaily(rule.freq)) {
    const end = rule.until ? untilInstant(rule.until, zone) : last
    return { walls: null, instants: limited(whole, end), untilInstant: null, rdates, exdates }
  }
  const end = rule.until && !rule.until.utc ? rule.until.at : last
  return {
    walls: limited(whole, end),
    instants: null,
    untilInstant: rule.until?.utc ? rule.until.at : null,
    rdates,
    exdates,
  }
}

/** Null when the last year comes first. A rule that never occurs ends before it begins. */
function lastOf(count: number, whole: RruleOccurrences): number | null {
  return whole.after(-Infinity) === null ? -Infinity : whole.nth(count)
}

function limited(recurrence: Recurrence, end: number | null): Recurrence {
  const { after, atOrBefore, countIn } = end === null ? recurrence : until(recurrence, end)
  return { after, atOrBefore, countIn }
}
