const BEAT_MS = 500

export interface Pulse {
  /** Whether this process has stood still, until this very turn of its event loop. */
  stoodStill(): boolean
  stop(): void
}

/**
 * Notices that the process was stopped, or its machine. What came in meanwhile is handled before the first timer is: until
 * then, nothing that waits for a timer, such as a lease that is overdue, has been told.
 *
 * @param stillMs for how long, ms: short enough that a claim which was renewed before it in time is not lost after it
 */
export function startPulse(stillMs = 4_000): Pulse {
  let beatAt = performance.now()
  const timer = setInterval(() => {
    beatAt = performance.now()
  }, BEAT_MS).unref()
  return {
    stoodStill: () => performance.now() - beatAt > stillMs,
    stop: () => clearInterval(timer),
  }
}
