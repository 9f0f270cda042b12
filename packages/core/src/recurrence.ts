/**
 * Which nominal instants a schedule has. One implementation a schedule type; the planner knows only this.
 *
 * Instants are in milliseconds since 1970 and strictly increasing. Every answer is direct: its cost does not grow with
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

/** One occurrence. */
export function single(at: number): Recurrence {
  return {
    after: (instant) => (instant < at ? at : null),
    atOrBefore: (instant) => (instant >= at ? at : null),
    countIn: (from, to) => (from < at && at <= to ? 1 : 0),
  }
}

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
