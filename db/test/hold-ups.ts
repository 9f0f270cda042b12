const EVERY_MS = 20

/** From when to when this process was kept from running, as `Date.now()`. */
export interface HoldUp {
  from: number
  to: number
}

export interface HoldUps {
  /** Those that ended after `at` (`Date.now()`), of more than a few ms. */
  since(at: number): HoldUp[]
  /** The longest of them, ms. */
  longestMs(at?: number): number
}

/** Watches how long this process is kept from running: what a busy machine adds to what is measured in any process on it. */
export function watchHoldUps(): HoldUps {
  const all: HoldUp[] = []
  const now = () => performance.timeOrigin + performance.now()
  let due = now() + EVERY_MS
  // Whoever asks may come before the timer, when what came in meanwhile is handled first.
  const look = () => {
    const at = now()
    const last = all.at(-1)
    if (last?.from === due) last.to = at
    else if (at - due > EVERY_MS) all.push({ from: due, to: at })
  }
  const timer = setInterval(() => {
    look()
    due = now() + EVERY_MS
  }, EVERY_MS)
  timer.unref()
  const since = (at: number) => {
    look()
    return all.filter(({ to }) => to > at)
  }
  return {
    since,
    longestMs: (at = 0) => Math.max(0, ...since(at).map(({ from, to }) => to - from)),
  }
}
