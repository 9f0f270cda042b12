import type { Ramp } from '@scheduler/core/ramp'
import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import { createTurns } from '@scheduler/db/queries/in-turn'
import { releaseParked } from '@scheduler/db/queries/release-parked'
import type { Boss } from '@scheduler/db/queue'
import type { Destinations } from './destinations.ts'
import type { Launcher } from './launcher.ts'

/** How long one pass may keep the claim that follows it waiting, ms. */
const PASS_MS = 50

export interface RefillParts {
  pool: Pool
  boss: Boss
  clock: DbClock
  destinations: Destinations
  launcher: Pick<Launcher, 'held'>
  /** Items held for one destination at the most. */
  holdMost: number
  /** How what was parked is let go once a circuit has closed. */
  ramp: Ramp
}

export interface Refilled {
  /** Items that were put into the queue. */
  count: number
  /** Whether all destinations had their turn; else the next pass goes on with the others. */
  all: boolean
}

/**
 * Brings parked executions back for destinations that have room for them, one destination after the other. A pass ends when
 * its time is up: there may be hundreds of them, and what is due elsewhere meanwhile is claimed only after it.
 */
export function createRefill(parts: RefillParts): (mostMs?: number) => Promise<Refilled> {
  const { pool, boss, clock, destinations, launcher, holdMost, ramp } = parts
  const turns = createTurns()

  return async (mostMs = PASS_MS) => {
    const until = performance.now() + mostMs
    let released = 0
    let asked = 0
    for (const { destination, reason, places } of destinations.refillable()) {
      const most = places === 1 ? 1 : Math.min(holdMost, 4 * places)
      const limit = most - launcher.held(destination)
      if (limit < most / 2) continue
      if (asked > 0 && performance.now() >= until) return { count: released, all: false }
      asked += 1
      destinations.served(destination)
      const { count, more, waitMs, circuit } = await releaseParked(pool, boss, {
        ...{ destination, reason, limit, ramp, turns },
      })
      if (circuit) destinations.learn(destination, circuit, clock.now())
      if (!more) destinations.expectNone(destination, reason)
      if (waitMs !== null) destinations.defer(destination, waitMs)
      released += count
    }
    return { count: released, all: true }
  }
}
