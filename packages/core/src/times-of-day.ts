/** The times of day of a cron, in order: whole seconds since midnight, by index. */
export interface TimesOfDay {
  /** How many there are, at least one. */
  count: number
  /** The time of an index, 0 to `count − 1`. */
  at(index: number): number
  /** How many are at or before a second of the day. */
  upTo(second: number): number
}

/**
 * All combinations of hours, minutes and seconds, by arithmetic: up to 86,400, of which no list is made.
 *
 * The lists ascend and are not empty.
 */
export function timesOfDay(
  hours: readonly number[],
  minutes: readonly number[],
  seconds: readonly number[],
): TimesOfDay {
  const [ofHour, ofMinute, ofSecond] = [digit(hours, 24), digit(minutes, 60), digit(seconds, 60)]
  const perHour = minutes.length * seconds.length
  return {
    count: hours.length * perHour,
    at(index) {
      const [hour, rest] = [Math.floor(index / perHour), index % perHour]
      return (
        (ofHour.at(hour) * 60 + ofMinute.at(Math.floor(rest / seconds.length))) * 60 +
        ofSecond.at(rest % seconds.length)
      )
    },
    upTo(time) {
      const [hour, minute, second] = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60]
      let count = ofHour.below(hour) * perHour
      if (!ofHour.has(hour)) return count
      count += ofMinute.below(minute) * seconds.length
      return ofMinute.has(minute) ? count + ofSecond.below(second + 1) : count
    },
  }
}

/** One place of the clock: which of its values below `size` are used. */
function digit(values: readonly number[], size: number) {
  const counts = new Uint8Array(size + 1)
  for (const value of values) counts.fill((counts[value] ?? 0) + 1, value + 1)
  const below = (value: number) => counts[value] ?? 0
  return { at: (index: number) => values[index] ?? 0, below, has: (value: number) => below(value + 1) > below(value) }
}
