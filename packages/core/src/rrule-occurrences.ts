import type { Recurrence } from './recurrence.ts'
import { rruleExact } from './rrule-exact.ts'
import { parseRrule } from './rrule-parse.ts'
import { isSubDaily, type RruleAnchor, type RruleParts } from './rrule-parts.ts'
import { rruleWalls } from './rrule-walls.ts'
import { toInstant } from './timezone.ts'

/** The occurrences of a rule, COUNT and UNTIL not applied. */
export interface RruleOccurrences extends Recurrence {
  /** The nth from DTSTART on; null when it lies past the last year. @throws RangeError when it is too far to count. */
  nth(n: number): number | null
}

/** As instants when `isSubDaily`, else as wall times. */
export function rruleOccurrences(rule: RruleParts, { wall, instant }: RruleAnchor, zone: string): RruleOccurrences {
  return isSubDaily(rule.freq) ? rruleExact(rule, instant, zone) : rruleWalls(rule, wall)
}

/** UNTIL as an instant: the first pass of a wall time that occurs twice. */
export function untilInstant({ at, utc }: { at: number; utc: boolean }, zone: string): number {
  return utc ? at : toInstant(zone, at).instant
}

/**
 * What is wrong with an accepted text under this anchor, to go after the field's name; null when it works. A rule may
 * never occur, end too early, or have a COUNT that is too far to count.
 *
 * @throws RangeError when the text is not one that was accepted.
 */
export function checkRrule(text: string, anchor: RruleAnchor, zone: string): string | null {
  const { rule, rdates } = parseRrule(text)
  if (!rule) return null
  const occurrences = rruleOccurrences(rule, anchor, zone)
  const first = occurrences.after(-Infinity)
  if (first === null) return 'never occurs'
  if (rule.until && rdates.instants.length + rdates.walls.length === 0) {
    const instant = isSubDaily(rule.freq) ? first : toInstant(zone, first).instant
    if (instant > untilInstant(rule.until, zone)) return 'ends before its first occurrence; UNTIL must be later'
  }
  try {
    if (rule.count !== null) occurrences.nth(rule.count)
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
  return null
}
