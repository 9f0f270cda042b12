/** How long to let things gather, ms, at the least and at the most. */
export interface GatherTimes {
  least: number
  most: number
}

export interface Gather {
  /** The statement they share has taken so long, ms. */
  took(ms: number): void
  /** How long to let them gather for the next one, ms. */
  readonly ms: number
}

/**
 * How long to let things gather before they share a statement: as long as the last one took. A statement costs much the same for
 * one as for fifty: where they take long the machine is busy, and fewer and fuller ones leave it more time.
 */
export function createGather({ least, most }: GatherTimes): Gather {
  let ms = least
  return {
    took(lastMs) {
      ms = Math.min(most, Math.max(least, lastMs))
    },
    get ms() {
      return ms
    },
  }
}
