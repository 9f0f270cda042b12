import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long a piece of work keeps everybody else waiting, ms. */
const SLICE_MS = 5

/**
 * Works for a few milliseconds at a time, so that other requests are answered between. Returns once `step` says that there
 * is no more (false), or the first time that it is asked after `mostMs`.
 */
export async function inSlices(step: () => boolean, mostMs: number): Promise<void> {
  const began = performance.now()
  for (;;) {
    const slice = performance.now()
    do if (!step()) return
    while (performance.now() - slice < SLICE_MS)
    if (performance.now() - began > mostMs) return
    await nextTurn()
  }
}
