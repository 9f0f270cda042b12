/** How what was parked is let go once its circuit has closed. */
export interface Ramp {
  /** Executions a second at first, in the whole cluster. */
  perSecond: number
}

/** How long it takes until twice as many go, ms. */
const DOUBLES_MS = 2_000

/** The fastest it becomes, in terms of how it begins. */
const MOST = 100

/** Where it stops growing, ms. */
const TOP_MS = DOUBLES_MS * Math.log2(MOST)

/**
 * How many have been let go at the most, so many ms after it began: one at once, then exponentially more until the rate is
 * a hundred times what it was at first.
 */
export function rampAt({ perSecond }: Ramp, elapsedMs: number): number {
  const growing = Math.min(Math.max(0, elapsedMs), TOP_MS)
  const grown = ((perSecond / 1_000) * DOUBLES_MS * (2 ** (growing / DOUBLES_MS) - 1)) / Math.LN2
  const steady = (Math.max(0, elapsedMs - TOP_MS) * perSecond * MOST) / 1_000
  return 1 + Math.floor(grown + steady)
}

/** When the `count`-th may go, ms after it began. The inverse of `rampAt`. */
export function rampTime({ perSecond }: Ramp, count: number): number {
  const grown = Math.max(0, count - 1)
  const ms = DOUBLES_MS * Math.log2(1 + (grown * Math.LN2 * 1_000) / (perSecond * DOUBLES_MS))
  if (ms <= TOP_MS) return ms
  const atTop = ((perSecond / 1_000) * DOUBLES_MS * (MOST - 1)) / Math.LN2
  return TOP_MS + ((grown - atTop) * 1_000) / (perSecond * MOST)
}
