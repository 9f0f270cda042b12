/** Random choices that are the same for the same seed, in every process. */
export interface Dice {
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  pick<T>(of: readonly T[]): T
  chance(probability: number): boolean
  /** Up to `most` different ones, at least one, in their order. */
  some<T>(of: readonly T[], most: number): T[]
  /** A UUID as a job's id is one. */
  uuid(): string
}

export function dice(seed: number): Dice {
  let state = seed >>> 0

  /** Mulberry32: from 0 to below 1. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(of: readonly T[]): T => of[int(0, of.length - 1)] as T
  const hex = (length: number) => Array.from({ length }, () => int(0, 15).toString(16)).join('')

  return {
    int,
    pick,
    chance: (probability) => next() < probability,
    some(of, most) {
      const kept = new Set(Array.from({ length: int(1, most) }, () => pick(of)))
      return of.filter((it) => kept.has(it))
    },
    uuid: () => `${hex(8)}-${hex(4)}-7${hex(3)}-${pick('89ab'.split(''))}${hex(3)}-${hex(12)}`,
  }
}
