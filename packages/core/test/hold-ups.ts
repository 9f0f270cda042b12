const EVERY_MS = 20

/**
 * Watches how long this process was kept from running: what a busy machine adds to each answer of every process on it.
 *
 * @returns tells the longest by now, ms
 */
export function watchHoldUps(): () => number {
  let longest = 0
  let last = performance.now()
  // Whoever asks may come before the timer, when what came in meanwhile is handled first.
  const look = () => {
    longest = Math.max(longest, performance.now() - last - EVERY_MS)
    return longest
  }
  const timer = setInterval(() => {
    look()
    last = performance.now()
  }, EVERY_MS)
  timer.unref()
  return look
}
