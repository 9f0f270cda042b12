import type { Pool } from '@scheduler/db/client'
import { BACKSTOP_MS, notifyWork } from '@scheduler/db/notify'
import type { Park } from '@scheduler/db/queries/begin-attempts'
import { busyDestinations } from '@scheduler/db/queries/busy-destinations'
import { claim } from '@scheduler/db/queries/claim'
import { dispatchHeld } from '@scheduler/db/queries/dispatch-held'
import { BUSY } from '@scheduler/db/queries/ledger-rows'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import type { Destinations } from './destinations.ts'
import type { Launcher } from './launcher.ts'
import type { Leases } from './leases.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How long to let places gather before claiming for them, ms. */
const GATHER_MS = 3

export interface ClaimerParts {
  pool: Pool
  boss: Boss
  log: Logger
  workerId: string
  destinations: Destinations
  launcher: Launcher
  leases: Leases
  /** Items held for one destination at the most; twice as many for all together. */
  holdMost: number
}

export interface Claimer {
  /** There may be something in the queue; with a destination, among its parked executions. */
  wake(destination?: string): void
  /** A place fell free. */
  place(): void
  /** Items were put into the queue by this worker: takes some, and calls other workers for the rest. */
  offer(count: number): void
  /** Executions of these destinations were parked by this worker. */
  park(destinations: string[]): void
  /** Looks for destinations with parked executions that nobody told us of. */
  discover(): Promise<void>
  /** Takes no more. */
  stop(): Promise<void>
}

/** Takes items: as many as can be sent now, and some to be held, so that a place that falls free is filled at once. */
export function startClaimer(parts: ClaimerParts): Claimer {
  const { pool, boss, destinations, launcher, leases, holdMost } = parts
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'claiming')
  let mayHaveMore = true
  let stopped = false

  /** Brings parked executions back for destinations that have room for them. */
  const refill = async () => {
    for (const { destination, reason, places, early } of destinations.refillable()) {
      const most = places === 1 ? 1 : Math.min(holdMost, 4 * places)
      const room = most - launcher.held(destination)
      if (room < most / 2) continue
      const released = await dispatchHeld(pool, boss, { limit: room, parked: { destination, reason, early } })
      if (released < room) destinations.expectNone(destination, reason)
      if (released > 0) mayHaveMore = true
    }
  }

  /** Claims what there is room for; false when there was none, or nothing to claim. */
  const take = async (): Promise<boolean> => {
    const room = Math.max(0, launcher.free) + 2 * holdMost - launcher.held()
    if (!mayHaveMore || leases.fenced || room <= holdMost / 2) return false
    const since = performance.now()
    const holding = new Map<string, number>()

    const decide = (destination: string, now: Date, lost: boolean): 'send' | 'hold' | Park => {
      // Asked anew each time: the launcher fills places too while this claim is under way.
      const decision = launcher.free > 0 ? destinations.admit(destination, now) : 'hold'
      if (decision === 'send') return decision
      if (decision !== 'hold') {
        destinations.expect(destination, decision.reason)
        return decision
      }
      const held = holding.get(destination) ?? launcher.held(destination)
      if (held >= holdMost && !lost) {
        destinations.expect(destination)
        return { reason: BUSY.reason, at: new Date(now.getTime() + BUSY.seconds * 1_000) }
      }
      holding.set(destination, held + 1)
      return 'hold'
    }

    await launcher.launch(async (taken) => {
      const claimed = await claim(parts, room, (destination, now, lost) => {
        const decision = decide(destination, now, lost)
        if (decision === 'send') taken.push(destination)
        return decision
      })
      for (const it of claimed.held) launcher.hold(it, since)
      mayHaveMore = claimed.fetched >= room
      return claimed.claims
    })
    return true
  }

  const loop = async () => {
    while (!stopped) {
      try {
        await refill()
        const took = await take()
        trouble.worked()
        // Never around without a pause: a fenced worker would keep its own touches from ever being sent.
        if (!took || !mayHaveMore || launcher.held() >= holdMost) await sleep(BACKSTOP_MS)
        if (launcher.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
      } catch (error) {
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    wake(destination) {
      if (destination) destinations.expect(destination)
      else mayHaveMore = true
      wake()
    },
    place() {
      if (mayHaveMore || destinations.anyBacklog()) wake()
    },
    offer(count) {
      mayHaveMore = true
      wake()
      if (count > launcher.free) notifyWork(pool).catch(() => {})
    },
    park(busy) {
      for (const destination of busy) {
        destinations.expect(destination)
        notifyWork(pool, destination).catch(() => {})
      }
      wake()
    },
    async discover() {
      for (const { destination, reason } of await busyDestinations(pool)) destinations.expect(destination, reason)
      if (destinations.anyBacklog()) wake()
    },
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
