/**
 * How many attempts may be in flight to one destination: few until it has shown that it answers, more with each success,
 * half with each failure. So a destination that was never up costs no more attempts than open its circuit, and one that
 * comes back is not met by everything that waited for it.
 *
 * The rule is that of TCP's slow start: one more for each success doubles the window with each round trip.
 */
export interface SendWindow {
  readonly size: number
  succeeded(): void
  failed(): void
  /** Starts over from `size`, after a circuit closed. */
  restart(size: number): void
}

export function createSendWindow(start: number, most: number): SendWindow {
  let size = Math.min(start, most)
  return {
    get size() {
      return size
    },
    succeeded() {
      size = Math.min(most, size + 1)
    },
    failed() {
      size = Math.max(1, Math.floor(size / 2))
    },
    restart(from) {
      size = Math.min(from, most)
    },
  }
}
