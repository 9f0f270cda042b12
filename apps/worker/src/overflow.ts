import type { Park } from '@scheduler/db/queries/begin-attempts'
import { busy } from '@scheduler/db/queries/ledger-rows'
import type { Destinations } from './destinations.ts'

/** Why, and until when, a destination's executions are parked at dispatch. */
export function overflowOf(destinations: Destinations): (destination: string, now: Date) => Park {
  return (destination, now) =>
    destinations.isOpen(destination)
      ? { reason: 'circuit_open', at: destinations.reopensAt(destination, now) }
      : busy(now)
}
