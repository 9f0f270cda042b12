import { MAX_INSTANT } from './datetime.ts'
import { civilDate, mod, weekdayOf } from './rrule-calendar.ts'
import { type DaySet, dayPeriods } from './rrule-days.ts'
import type { RruleOccurrences } from './rrule-occurrences.ts'
import { type RruleParts, rruleLimits } from './rrule-parts.ts'
import { timesOfDay } from './times-of-day.ts'

const DAY = 86_400_000

/**
 * The wall times of a rule by the day or coarser, from DTSTART on; COUNT and UNTIL are not applied.
 *
 * A period's occurrences are its days times its times of day, numbered without listing them: 86,400 times a day cost
 * no more than one. Searches go period by period, and give up after `rruleLimits.search` empty ones.
 *
 * `nth` gives up after `rruleLimits.walk` periods.
 *
 * @param anchor DTSTART's wall time
 */
export function rruleWalls(given: RruleParts, anchor: number): RruleOccurrences {
  const start = Math.floor(anchor / DAY)
  const rule = withDefaults(given, anchor)
  const periods = dayPeriods(rule, start)
  const times = timesOfDay(sorted(rule.byHour), sorted(rule.byMinute), sorted(rule.bySecond))
  const picks = rule.bySetPos && positions(rule.bySetPos)

  function size({ offsets }: DaySet): number {
    const candidates = offsets.length * times.count
    return picks ? picks(candidates).length : candidates
  }

  /** Occurrence `index` of a period. */
  function occurrence({ base, offsets }: DaySet, index: number): number {
    const at = picks ? (picks(offsets.length * times.count)[index] as number) : index
    const time = at % times.count
    const day = base + (offsets[(at - time) / times.count] as number)
    return day * DAY + times.at(time) * 1000
  }

  /** How many occurrences of a period are at or before a wall time. */
  function upTo(set: DaySet, wall: number): number {
    let [low, high] = [0, size(set)]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (occurrence(set, middle) <= wall) low = middle + 1
      else high = middle
    }
    return low
  }

  const indexOf = (wall: number): number => periods.indexOf(Math.floor(wall / DAY))

  function after(from: number): number | null {
    const wall = Math.max(from, anchor - 1)
    if (wall >= MAX_INSTANT) return null
    const first = Math.max(0, indexOf(wall))
    for (let index = first; index < first + rruleLimits.search; index += 1) {
      const set = periods.at(index)
      if (set.base * DAY > MAX_INSTANT + DAY * 7) return null
      const found = upTo(set, wall)
      if (found >= size(set)) continue
      const next = occurrence(set, found)
      return next <= MAX_INSTANT ? next : null
    }
    return null
  }

  function atOrBefore(to: number): number | null {
    const wall = Math.min(to, MAX_INSTANT)
    const last = indexOf(wall)
    for (let index = last; index >= 0 && index > last - rruleLimits.search; index -= 1) {
      const set = periods.at(index)
      const found = upTo(set, wall)
      if (found === 0) continue
      const previous = occurrence(set, found - 1)
      return previous >= anchor ? previous : null
    }
    return null
  }

  function countIn(from: number, to: number): number {
    const [low, high] = [Math.max(from, anchor - 1), Math.min(to, MAX_INSTANT)]
    if (low >= high) return 0
    const first = Math.max(0, indexOf(low))
    const last = indexOf(high)
    let count = 0
    for (let index = first; index <= last; index += 1) {
      const set = periods.at(index)
      if (index === first || index === last) count += upTo(set, high) - upTo(set, low)
      else if (periods.uniform) {
        count += size(set) * (last - index)
        index = last - 1
      } else count += size(set)
    }
    return count
  }

  function nth(n: number): number | null {
    let left = n
    for (let index = 0; index < rruleLimits.walk; index += 1) {
      const set = periods.at(index)
      if (set.base * DAY > MAX_INSTANT + DAY * 7) return null
      const before = index === 0 ? upTo(set, anchor - 1) : 0
      const held = size(set) - before
      if (left <= held) return occurrence(set, before + left - 1)
      left -= held
    }
    throw new RangeError('COUNT needs too many steps to count; use UNTIL')
  }

  return { after, atOrBefore, countIn, nth }
}

/** RFC 5545: what the rule does not say is as in DTSTART. */
function withDefaults(rule: RruleParts, anchor: number): RruleParts {
  const start = Math.floor(anchor / DAY)
  const second = Math.floor(mod(anchor, DAY) / 1000)
  const full: RruleParts = {
    ...rule,
    byHour: rule.byHour ?? [Math.floor(second / 3600)],
    byMinute: rule.byMinute ?? [Math.floor(second / 60) % 60],
    bySecond: rule.bySecond ?? [second % 60],
  }
  if (rule.byDay || rule.byMonthDay || rule.byYearDay || rule.freq === 'DAILY') return full
  if (rule.freq === 'WEEKLY' || rule.byWeekNo) return { ...full, byDay: [{ ordinal: 0, weekday: weekdayOf(start) }] }
  const { month, day } = civilDate(start)
  return { ...full, byMonthDay: [day], byMonth: rule.byMonth ?? (rule.freq === 'YEARLY' ? [month] : null) }
}

/** BYSETPOS: which of so many candidates it picks, ascending. */
function positions(bySetPos: readonly number[]): (candidates: number) => readonly number[] {
  const known = new Map<number, readonly number[]>()
  return (candidates) => {
    let picked = known.get(candidates)
    if (!picked) {
      const all = bySetPos.map((position) => (position > 0 ? position - 1 : candidates + position))
      picked = sorted(all.filter((at) => at >= 0 && at < candidates))
      known.set(candidates, picked)
    }
    return picked
  }
}

const sorted = (values: readonly number[] | null): number[] => [...new Set(values)].sort((a, b) => a - b)
