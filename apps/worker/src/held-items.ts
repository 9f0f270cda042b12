import type { Held } from '@scheduler/db/queries/claim'

/** Items that were taken and wait for a place: for each destination first in first out, but those that were lost first. */
export interface HeldItems {
  readonly size: number
  count(destination: string): number
  /** How many there are for which their destinations have `places`. */
  ready(places: (destination: string) => number): number
  add(item: Held): void
  remove(item: Held): void
  /** Takes out all items of the destinations for which `test` holds. */
  takeIf(test: (destination: string) => boolean): { destination: string; items: Held[] }[]
  /**
   * Takes out up to `limit` items, one of each destination in turn, as long as `admit` lets a destination's next one. The
   * turn goes on where the last call left it.
   */
  takeWhile(limit: number, admit: (item: Held) => boolean): Held[]
}

export function createHeldItems(): HeldItems {
  const queues = new Map<string, Held[]>()
  let size = 0

  return {
    get size() {
      return size
    },
    count: (destination) => queues.get(destination)?.length ?? 0,
    ready(places) {
      let sum = 0
      for (const [destination, { length }] of queues) sum += Math.min(length, places(destination))
      return sum
    },
    add(item) {
      const queue = queues.get(item.destination)
      if (queue && item.lost) queue.unshift(item)
      else if (queue) queue.push(item)
      else queues.set(item.destination, [item])
      size += 1
    },
    remove(item) {
      const queue = queues.get(item.destination)
      const index = queue?.indexOf(item) ?? -1
      if (!queue || index < 0) return
      queue.splice(index, 1)
      size -= 1
      if (queue.length === 0) queues.delete(item.destination)
    },
    takeIf(test) {
      const taken = [...queues].filter(([destination]) => test(destination))
      for (const [destination, items] of taken) {
        queues.delete(destination)
        size -= items.length
      }
      return taken.map(([destination, items]) => ({ destination, items }))
    },
    takeWhile(limit, admit) {
      const taken: Held[] = []
      let open = [...queues.keys()]
      while (taken.length < limit && open.length > 0) {
        const still: string[] = []
        for (const destination of open) {
          const queue = queues.get(destination)
          const next = queue?.[0]
          if (!next || taken.length >= limit || !admit(next)) continue
          // To the end of the row: else, with one place at a time, the first destinations would get them all.
          queues.delete(destination)
          queues.set(destination, queue)
          this.remove(next)
          taken.push(next)
          still.push(destination)
        }
        open = still
      }
      return taken
    },
  }
}
