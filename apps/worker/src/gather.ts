/** A stretch of time within which is counted, ms. */
const STRETCH_MS = 100

/** What comes so often within a stretch, five hundred a second, keeps the machine busy enough for batches to count. */
const MANY = 50

/** How long to let things gather, ms. */
export interface GatherTimes {
  usual: number
  /** While many come: a statement costs much the same for one as for fifty, and nobody waits for the first of them. */
  busy: number
}

export interface Gather {
  /** One more has come, or so many. */
  note(more?: number): void
  /** How long to let them gather now, ms. */
  readonly ms: number
}

/** How long to let things gather before they share a statement: longer while there are many, since then it is CPU that is short. */
export function createGather({ usual, busy }: GatherTimes, now = () => performance.now()): Gather {
  let since = now()
  let count = 0
  let before = 0

  const turn = () => {
    const passed = now() - since
    if (passed < STRETCH_MS) return
    before = passed < 2 * STRETCH_MS ? count : 0
    count = 0
    since = now()
  }

  return {
    note(more = 1) {
      turn()
      count += more
    },
    get ms() {
      turn()
      return Math.max(before, count) >= MANY ? busy : usual
    },
  }
}
