import type { Park } from '@scheduler/db/queries/begin-attempts'
import { type Entry, isOpen } from './destination-entry.ts'

/** A destination with parked executions, some of which may be let go. */
export interface Refill {
  destination: string
  reason: Park['reason']
  /** How many attempts it may have in flight. */
  places: number
}

/** What a worker knows of parked executions: of which destinations there are some, and when they may be let go. */
export function createBacklog(entries: Map<string, Entry>, entryOf: (destination: string) => Entry) {
  /** Destinations whose `parked` is not empty. */
  const backlogged = new Set<string>()

  return {
    /** Some of the destination's executions were parked; a free place should bring them back. */
    expect(destination: string, reason: Park['reason'] = 'destination_busy'): void {
      entryOf(destination).parked.add(reason)
      backlogged.add(destination)
    },

    /** None are parked for that reason any more, as far as is known. */
    expectNone(destination: string, reason: Park['reason']): void {
      const { parked } = entryOf(destination)
      parked.delete(reason)
      if (parked.size === 0) backlogged.delete(destination)
    },

    hasBacklog: (destination: string): boolean => (entries.get(destination)?.parked.size ?? 0) > 0,

    /** Whether any destination has parked executions, as far as is known. */
    anyBacklog: (): boolean => backlogged.size > 0,

    /** Destinations with parked executions, some of which may be let go now. Of one whose circuit is open that is its probe. Those that had no turn for longest come first. */
    refillable(): Refill[] {
      const found: Refill[] = []
      const now = performance.now()
      for (const destination of backlogged) {
        const entry = entryOf(destination)
        if (entry.waitUntil > now) continue
        const open = isOpen(entry)
        if (open && (entry.retryAt === null || entry.retryAt > now)) continue
        for (const reason of entry.parked) found.push({ destination, reason, places: open ? 1 : entry.window.size })
      }
      return found
    },

    /** Puts a destination at the end of the row: it had its turn. */
    served(destination: string): void {
      if (backlogged.delete(destination)) backlogged.add(destination)
    },

    /** Leaves a destination's parked executions alone for so long, unless its circuit changes. */
    defer(destination: string, ms: number): void {
      entryOf(destination).waitUntil = performance.now() + ms
    },

    /** How long until one that was left alone may be looked at again, ms; `most` at the most. */
    refillInMs(most: number): number {
      const now = performance.now()
      let least = most
      for (const destination of backlogged) {
        const entry = entryOf(destination)
        const at = isOpen(entry) ? Math.max(entry.retryAt ?? now + most, entry.waitUntil) : entry.waitUntil
        if (at > now) least = Math.min(least, at - now)
      }
      return least
    },
  }
}
