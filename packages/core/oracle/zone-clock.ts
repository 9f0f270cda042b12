import { Temporal } from 'temporal-polyfill'
import { DAY } from './day.ts'

/** A moment at which the clocks of a zone are set; in milliseconds. */
export interface Change {
  at: number
  before: number
  after: number
}

/** A wall time that is no plain one: left out by a change of clock, or shown twice. Instants in ms. */
export type Special =
  | { kind: 'gap'; wall: number; shifted: number; end: number }
  | { kind: 'fold'; wall: number; first: number; second: number }

const SAMPLE = 6 * 3_600_000

/** The clocks of one zone, as Temporal tells them. */
export class ZoneClock {
  readonly zone: string
  /** In order; those within the span that was asked for. */
  readonly changes: readonly Change[]
  readonly #first: number
  // The offset in force from one instant up to another.
  #from = 0
  #to = 0
  #current = 0
  readonly #specials = new Map<number, number | Special>()

  /**
   * @param zone as Temporal takes it
   * @param from ms since 1970, as is `to`; wall times may be asked for up to a week beyond them
   * @throws Error when the changes that Temporal lists do not explain the offsets that it gives, looked at each six hours
   */
  constructor(zone: string, from: number, to: number) {
    this.zone = zone
    const start = from - 8 * DAY
    this.#first = this.#offset(start)
    this.changes = this.#read(start, to + 8 * DAY)
    for (let at = start; at < to; at += this.changes.length > 0 ? SAMPLE : 8 * SAMPLE) {
      if (this.#offset(at) !== this.wallOf(at) - at) throw new Error(`Temporal contradicts itself in ${zone} at ${at}`)
    }
  }

  /** What the clocks show at an instant. */
  wallOf(instant: number): number {
    // Most often it is between the same two changes as the last one that was asked for.
    if (instant < this.#from || instant >= this.#to) {
      const next = this.changes.findIndex(({ at }) => at > instant)
      const index = next < 0 ? this.changes.length : next
      const last = this.changes[index - 1]
      this.#from = last?.at ?? -Infinity
      this.#to = this.changes[index]?.at ?? Infinity
      this.#current = last?.after ?? this.#first
    }
    return instant + this.#current
  }

  /** The instants of ascending wall times; those of a night of change as Temporal resolves them. */
  resolve(walls: readonly number[]): (number | Special)[] {
    const found: (number | Special)[] = []
    let [index, offset] = [0, this.#first]
    for (const wall of walls) {
      // Two days after a change, whatever its size, the wall time is plain again.
      for (let next = this.changes[index]; next && wall - next.after >= next.at + 2 * DAY; next = this.changes[index]) {
        offset = next.after
        index += 1
      }
      const next = this.changes[index]
      found.push(next && wall - next.before > next.at - 2 * DAY ? this.#ask(wall) : wall - offset)
    }
    return found
  }

  #ask(wall: number): number | Special {
    let found = this.#specials.get(wall)
    if (found === undefined) {
      found = this.#resolve(wall)
      this.#specials.set(wall, found)
    }
    return found
  }

  #resolve(wall: number): number | Special {
    const plain = Temporal.PlainDateTime.from(new Date(wall).toISOString().slice(0, -1))
    const earlier = plain.toZonedDateTime(this.zone, { disambiguation: 'earlier' })
    const later = plain.toZonedDateTime(this.zone, { disambiguation: 'later' })
    const [first, second] = [earlier.epochMilliseconds, later.epochMilliseconds]
    if (first === second) return first
    if (earlier.toPlainDateTime().equals(plain)) return { kind: 'fold', wall, first, second }
    const end = earlier.getTimeZoneTransition('next')
    if (!end) throw new Error(`no change of clock after ${earlier}`)
    return { kind: 'gap', wall, shifted: second, end: end.epochMilliseconds }
  }

  #offset(instant: number): number {
    return this.#at(instant).offsetNanoseconds / 1e6
  }

  #at(instant: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(this.zone)
  }

  #read(from: number, to: number): Change[] {
    const changes: Change[] = []
    let [before, next] = [this.#first, this.#at(from).getTimeZoneTransition('next')]
    for (; next && next.epochMilliseconds < to; next = next.getTimeZoneTransition('next')) {
      const after = next.offsetNanoseconds / 1e6
      if (after !== before) changes.push({ at: next.epochMilliseconds, before, after })
      before = after
    }
    return changes
  }
}
