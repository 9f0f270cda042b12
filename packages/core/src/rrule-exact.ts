import { MAX_INSTANT } from './datetime.ts'
import { exactGrid } from './rrule-exact-grid.ts'
import type { RruleOccurrences } from './rrule-occurrences.ts'
import { type RruleParts, rruleLimits } from './rrule-parts.ts'
import { zoneTable } from './zone-table.ts'

const LAST = Math.floor(MAX_INSTANT / 1000)
const HORIZON = rruleLimits.years * 366 * 86_400

/**
 * The instants of a rule by the hour, minute or second, from DTSTART on; COUNT and UNTIL are not applied.
 *
 * Period k is `INTERVAL` units times k after the one that holds DTSTART, in elapsed time. Without BYMINUTE and BYSECOND
 * the occurrences are as far apart, whatever the clocks do; the other parts go by the clocks of the zone, and what they
 * do not say of minute and second is as in DTSTART.
 *
 * All answers come from counting, which is arithmetic where nothing limits: a search looks at stretches that double, then
 * halves the one that holds something. It gives up after `rruleLimits.years`.
 *
 * @param anchor DTSTART's instant
 * @param zone as `parseZone` returns it
 */
export function rruleExact(rule: RruleParts, anchor: number, zone: string): RruleOccurrences {
  const table = zoneTable(zone)
  // Seconds from here on: no finer time is ever an occurrence.
  const start = Math.ceil(anchor / 1000)
  const offsetAt = (second: number): number => table.spanAt(second * 1000).offset / 1000
  const grid = exactGrid(rule, start, offsetAt(start))
  const { step } = grid

  /** How many lie in `from` (inclusive) to `to` (exclusive), seconds since 1970. */
  function count(from: number, to: number): number {
    let total = 0
    // Where the clocks do not matter, there is no need to ask for the changes between.
    if (grid.free) return from < to ? grid.at(0).count(from, to) : 0
    for (let at = from; at < to; ) {
      const span = table.spanAt(at * 1000)
      const offset = span.offset / 1000
      // The edge of a chunk of the table is no whole second: the second that holds it counts to the end.
      const end = Math.min(to, Math.ceil(span.to / 1000))
      total += grid.at(offset).count(at + offset, end + offset)
      at = end
    }
    return total
  }

  /** The least second with n occurrences from `from` up to it, or null when there are fewer up to the horizon. */
  function find(from: number, n: number): number | null {
    if (grid.free) {
      const at = start + Math.ceil((from - start) / step + n - 1) * step
      return at <= LAST ? at : null
    }
    const limit = Math.min(LAST, from + HORIZON) + 1
    let [low, left] = [from, n]
    for (let width = step; low < limit; width *= 2) {
      const high = Math.min(limit, low + width)
      const held = count(low, high)
      if (held >= left) return halve(low, high, left)
      left -= held
      low = high
    }
    return null
  }

  function halve(from: number, to: number, n: number): number {
    // `low` has fewer than n before it, `high` at least n.
    let [low, high, left] = [from, to, n]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const held = count(low, middle)
      if (held >= left) high = middle
      else {
        left -= held
        low = middle
      }
    }
    return low
  }

  function after(instant: number): number | null {
    const from = Math.max(start, Math.floor(instant / 1000) + 1)
    if (from > LAST) return null
    const at = quick(from) ?? find(from, 1)
    grid.forget()
    return at === null ? null : at * 1000
  }

  /** The next one when the very next candidate is it, as it mostly is. */
  function quick(from: number): number | null {
    if (grid.free) return null
    const span = table.spanAt(from * 1000)
    const offset = span.offset / 1000
    const wall = grid.at(offset).next(from + offset)
    return wall !== null && (wall - offset) * 1000 < span.to && wall - offset <= LAST ? wall - offset : null
  }

  function atOrBefore(instant: number): number | null {
    let high = Math.min(Math.floor(instant / 1000), LAST) + 1
    const limit = Math.max(start, high - HORIZON)
    for (let width = step; high > limit; width *= 2) {
      const low = Math.max(limit, high - width)
      const held = count(low, high)
      if (held > 0) {
        const at = halve(low, high, held)
        grid.forget()
        return at * 1000
      }
      high = low
    }
    return null
  }

  function countIn(from: number, to: number): number {
    const low = Math.max(start, Math.floor(from / 1000) + 1)
    const total = count(low, Math.min(Math.floor(to / 1000), LAST) + 1)
    grid.forget()
    return total
  }

  function nth(n: number): number | null {
    const at = find(start, n)
    grid.forget()
    if (at === null && !grid.free && start + HORIZON < LAST) {
      throw new RangeError('COUNT needs too many steps to count; use UNTIL')
    }
    return at === null ? null : at * 1000
  }

  return { after, atOrBefore, countIn, nth }
}
