/** How many attempts of a flow may begin, and when the next may. Times are ms since 1970, with fractions. */

/** At most `count` in `perSeconds`. */
export interface Rate {
  count: number
  perSeconds: number
}

/** What a flow that was idle, or looked at late, may make up for, ms: so much of its rate may begin at once. */
export const BURST_MS = 100

/** The time from one attempt to the next, ms. */
export const intervalOf = (rate: Rate): number => (rate.perSeconds * 1_000) / rate.count

/** What a rate lets begin now: at most `most`; once `n` have begun, the next may at `nextAt(n)`. */
export interface Turn {
  most: number
  nextAt(n: number): number
}

/**
 * Spreads attempts evenly, so that a stretch of time W sees no more than (W + `BURST_MS`) / interval + 1 of them.
 *
 * @param nextAt when the next may begin, as the last turn said; null before the first
 */
export function turnOf(rate: Rate, nextAt: number | null, now: number): Turn {
  const interval = intervalOf(rate)
  const from = Math.max(nextAt ?? now, now - BURST_MS)
  return {
    most: from > now ? 0 : Math.floor((now - from) / interval) + 1,
    nextAt: (n) => from + n * interval,
  }
}
