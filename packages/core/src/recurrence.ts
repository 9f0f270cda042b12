/**
 * Which nominal instants a schedule has, or, before a zone is applied, which wall times. One implementation a rule; the
 * planner knows only this.
 *
 * Values are in milliseconds since 1970 and strictly increasing. Every answer is direct: its cost does not grow with
 * the number of occurrences between.
 */
export interface Recurrence {
  /** The first strictly after an instant, or null when there is none. */
  after(instant: number): number | null
  /** The last at or before an instant, or null when there is none. */
  atOrBefore(instant: number): number | null
  /** How many lie after `from` (exclusive) and up to `to` (inclusive). */
  countIn(from: number, to: number): number
}

/** A stretch of time, `from` inclusive, `to` exclusive; milliseconds since 1970. */
export interface Range {
  from: number
  to: number
}

/** Whether a value is one of a recurrence. */
export const has = (recurrence: Recurrence, value: number): boolean => recurrence.atOrBefore(value) === value

/** One occurrence. */
export function single(at: number): Recurrence {
  return {
    after: (instant) => (instant < at ? at : null),
    atOrBefore: (instant) => (instant >= at ? at : null),
    countIn: (from, to) => (from < at && at <= to ? 1 : 0),
  }
}

/** No occurrence at all. */
export const never: Recurrence = { after: () => null, atOrBefore: () => null, countIn: () => 0 }

/** A recurrence without what comes after `end`, which may itself be an occurrence. */
export function until(recurrence: Recurrence, end: number): Recurrence {
  return {
    after(instant) {
      const next = recurrence.after(instant)
      return next !== null && next <= end ? next : null
    },
    atOrBefore: (instant) => recurrence.atOrBefore(Math.min(instant, end)),
    countIn: (from, to) => recurrence.countIn(from, Math.min(to, end)),
  }
}

/** A recurrence without what comes before `start`, which may itself be an occurrence. */
export function since(recurrence: Recurrence, start: number): Recurrence {
  return {
    after: (instant) => recurrence.after(Math.max(instant, start - 1)),
    atOrBefore(instant) {
      const last = recurrence.atOrBefore(instant)
      return last !== null && last >= start ? last : null
    },
    countIn: (from, to) => (to < start ? 0 : recurrence.countIn(Math.max(from, start - 1), to)),
  }
}

/** A recurrence and some further occurrences, in any order. */
export function plus(recurrence: Recurrence, further: number[]): Recurrence {
  if (further.length === 0) return recurrence
  const added = [...new Set(further)].sort((a, b) => a - b).filter((value) => !has(recurrence, value))
  return {
    after(instant) {
      const next = recurrence.after(instant)
      const other = added.find((value) => value > instant) ?? null
      return next === null || other === null ? (next ?? other) : Math.min(next, other)
    },
    atOrBefore(instant) {
      const last = recurrence.atOrBefore(instant)
      const other = added.findLast((value) => value <= instant) ?? null
      return last === null || other === null ? (last ?? other) : Math.max(last, other)
    },
    countIn: (from, to) => recurrence.countIn(from, to) + added.filter((value) => from < value && value <= to).length,
  }
}

/** A recurrence without what lies in some ranges. @param ranges as `disjoint` returns them */
export function except(recurrence: Recurrence, ranges: readonly Range[]): Recurrence {
  if (ranges.length === 0) return recurrence
  return {
    after(instant) {
      let next = recurrence.after(instant)
      for (let hole = next === null ? undefined : rangeOf(ranges, next); next !== null && hole; ) {
        next = recurrence.after(hole.to - 1)
        hole = next === null ? undefined : rangeOf(ranges, next)
      }
      return next
    },
    atOrBefore(instant) {
      let last = recurrence.atOrBefore(instant)
      for (let hole = last === null ? undefined : rangeOf(ranges, last); last !== null && hole; ) {
        last = recurrence.atOrBefore(hole.from - 1)
        hole = last === null ? undefined : rangeOf(ranges, last)
      }
      return last
    },
    countIn(from, to) {
      let count = recurrence.countIn(from, to)
      for (const hole of ranges) {
        const [low, high] = [Math.max(from, hole.from - 1), Math.min(to, hole.to - 1)]
        if (low < high) count -= recurrence.countIn(low, high)
      }
      return count
    },
  }
}

/** The range that holds a value. @param ranges as `disjoint` returns them */
export function rangeOf(ranges: readonly Range[], value: number): Range | undefined {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] as Range).to <= value) low = middle + 1
    else high = middle
  }
  const found = ranges[low]
  return found && found.from <= value ? found : undefined
}

/** Ranges in order, those that touch or overlap as one, empty ones left out. */
export function disjoint(ranges: readonly Range[]): Range[] {
  const merged: Range[] = []
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (from >= to) continue
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else merged.push({ from, to })
  }
  return merged
}
