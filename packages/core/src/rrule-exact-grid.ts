import { mod } from './rrule-calendar.ts'
import { dayTest } from './rrule-day-test.ts'
import type { RruleParts } from './rrule-parts.ts'

const units = { HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 } as const
/** Fewer candidates than this are looked at one by one. */
const FEW = 6
/** What a rule may keep between two questions; there may be thousands of rules. */
const KEPT = 100

/** The candidates of an exact rule and its limits, in seconds. */
export interface ExactGrid {
  /** Seconds from one period to the next. */
  step: number
  /** True when no part goes by the clocks: the occurrences are `step` apart. */
  free: boolean
  /** The grid on a clock that is `offset` seconds ahead of UTC; all its times are that clock's. */
  at(offset: number): OffsetGrid
  /** Lets go of counts that are too many to keep. */
  forget(): void
}

export interface OffsetGrid {
  /** How many occurrences lie in `from` (inclusive) to `to` (exclusive). */
  count(from: number, to: number): number
  /** The first candidate at or after a time, or null when it is no occurrence. */
  next(from: number): number | null
}

/** One limit: blocks of `size` seconds, whole ones let through or not. */
interface Level {
  size: number
  passes(block: number): boolean
}

/**
 * @param start DTSTART's instant in seconds; before it there may be candidates, that the caller must not ask for
 * @param startOffset of the zone at DTSTART, seconds
 */
export function exactGrid(rule: RruleParts, start: number, startOffset: number): ExactGrid {
  const unit = units[rule.freq as keyof typeof units]
  const step = rule.interval * unit
  const local = start + startOffset
  /** The start of period 0: the hour, minute or second of DTSTART, by the clocks. */
  const origin = start - mod(local, unit)
  const minutes = unit === 3600 ? (rule.byMinute ?? null) : null
  const seconds = unit >= 60 ? rule.bySecond : null
  const levels = levelsOf(rule, unit)
  const known = new Map<number, OffsetGrid>()
  const memos: Map<number, number>[] = []

  /** The candidates of a period, as distances from its start. Clocks that moved by part of a unit shift them. */
  function slotsAt(offset: number): number[] {
    if (!minutes && !seconds) return pick([start - origin])
    const skew = mod(origin + offset, unit)
    const found = new Set<number>()
    for (const minute of unit === 3600 ? (minutes ?? [Math.floor(mod(local, 3600) / 60)]) : [0]) {
      for (const second of seconds ?? [mod(local, 60)]) found.add(mod(minute * 60 + second - skew, unit))
    }
    return pick([...found].sort((a, b) => a - b))
  }

  function pick(slots: number[]): number[] {
    if (!rule.bySetPos) return slots
    const at = new Set(rule.bySetPos.map((position) => (position > 0 ? position - 1 : slots.length + position)))
    return slots.filter((_, index) => at.has(index))
  }

  function make(offset: number): OffsetGrid {
    const slots = slotsAt(offset)
    const zero = origin + offset
    const passes = (wall: number): boolean => levels.every((level) => level.passes(Math.floor(wall / level.size)))
    const kept = levels.map(() => new Map<number, number>())
    memos.push(...kept)

    /** How many candidates are before a time; negative before period 0. */
    function before(wall: number): number {
      const period = Math.floor((wall - zero) / step)
      const rest = wall - zero - period * step
      let [low, high] = [0, slots.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((slots[middle] as number) < rest) low = middle + 1
        else high = middle
      }
      return period * slots.length + low
    }

    function candidate(index: number): number {
      const period = Math.floor(index / slots.length)
      return zero + period * step + (slots[index - period * slots.length] as number)
    }

    function countFrom(depth: number, from: number, to: number): number {
      const [first, end] = [before(from), before(to)]
      const level = levels[depth]
      if (!level || first >= end) return Math.max(0, end - first)
      if (end - first <= FEW) {
        let few = 0
        for (let index = first; index < end; index += 1) if (passes(candidate(index))) few += 1
        return few
      }
      let total = 0
      for (let block = Math.floor(from / level.size); block * level.size < to; block += 1) {
        if (!level.passes(block)) continue
        const [low, high] = [Math.max(from, block * level.size), Math.min(to, (block + 1) * level.size)]
        total += high - low < level.size ? countFrom(depth + 1, low, high) : whole(depth, low)
      }
      return total
    }

    /** A whole block's count. Blocks that lie alike on the grid have the same, as the levels below repeat in each. */
    function whole(depth: number, from: number): number {
      const size = (levels[depth] as Level).size
      if (depth + 1 === levels.length) return before(from + size) - before(from)
      const phase = mod(from - zero, step)
      const memo = kept[depth] as Map<number, number>
      let held = memo.get(phase)
      if (held === undefined) {
        held = countFrom(depth + 1, from, from + size)
        memo.set(phase, held)
      }
      return held
    }

    return {
      count: (from, to) => (slots.length === 0 || from >= to ? 0 : countFrom(0, from, to)),
      next(from) {
        if (slots.length === 0) return null
        const wall = candidate(before(from))
        return passes(wall) ? wall : null
      },
    }
  }

  return {
    step,
    free: levels.length === 0 && !minutes && !seconds && slotsAt(0).length > 0,
    at(offset) {
      const key = offset
      let grid = known.get(key)
      if (!grid) {
        grid = make(offset)
        known.set(key, grid)
      }
      return grid
    },
    forget() {
      for (const memo of memos) if (memo.size > KEPT) memo.clear()
    },
  }
}

/** The limits from the coarsest to the finest; one that is not given stands where a finer one is, and lets all through. */
function levelsOf(rule: RruleParts, unit: number): Level[] {
  const hourSet = rule.byHour && new Set(rule.byHour)
  const minuteSet = unit < 3600 && rule.byMinute ? new Set(rule.byMinute) : null
  const secondSet = unit < 60 && rule.bySecond ? new Set(rule.bySecond) : null
  const test = dayTest(rule)
  const levels = [
    { size: 86_400, given: test !== null, passes: test ?? (() => true) },
    { size: 3600, given: hourSet !== null, passes: (block: number) => !hourSet || hourSet.has(mod(block, 24)) },
    { size: 60, given: minuteSet !== null, passes: (block: number) => !minuteSet || minuteSet.has(mod(block, 60)) },
    { size: 1, given: secondSet !== null, passes: (block: number) => !secondSet || secondSet.has(mod(block, 60)) },
  ]
  return levels.slice(0, levels.findLastIndex(({ given }) => given) + 1)
}
