const EVERY_MS = 20

/**
 * Watches how long this process was kept from running: what a busy machine adds to each answer of every process on it.
 *
 * @returns tells the longest by now, ms
 */
export function watchHoldUps(): () => number {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last - EVERY_MS)
    last = now
  }, EVERY_MS)
  timer.unref()
  return () => longest
}
