import type { Ramp } from '@scheduler/core/ramp'
import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import { BACKSTOP_MS, notifyWork } from '@scheduler/db/notify'
import { type BusyDestination, busyDestinations } from '@scheduler/db/queries/busy-destinations'
import { claim, type Decide } from '@scheduler/db/queries/claim'
import { busy } from '@scheduler/db/queries/ledger-rows'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import type { Destinations } from './destinations.ts'
import type { Launcher } from './launcher.ts'
import type { Leases } from './leases.ts'
import { createRefill } from './refill.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

export interface ClaimerParts {
  pool: Pool
  boss: Boss
  log: Logger
  clock: DbClock
  workerId: string
  destinations: Destinations
  launcher: Launcher
  leases: Leases
  /** Items held for one destination at the most; twice as many for all together. */
  holdMost: number
  /** How what was parked is let go once a circuit has closed. */
  ramp: Ramp
}

export interface Claimer {
  /** There may be something in the queue; with a destination, among its parked executions. */
  wake(destination?: string): void
  /** A place fell free. */
  place(): void
  /** Takes a place for what is dispatched to a destination, if one is free that nothing in the queue, and nothing held, waits for. */
  take(destination: string): boolean
  /** Items were put into the queue by this worker: takes some, and calls other workers for the rest. */
  offer(count: number): void
  /** Executions of these destinations were parked by this worker. */
  park(destinations: string[]): void
  /** Looks for destinations with parked executions that nobody told us of; goes on where the last look ended, and around. */
  discover(): Promise<BusyDestination[]>
  /** Takes no more. */
  stop(): Promise<void>
}

/** Takes items: as many as can be sent now, and some to be held, so that a place that falls free is filled at once. */
export function startClaimer(parts: ClaimerParts): Claimer {
  const { pool, clock, destinations, launcher, leases, holdMost } = parts
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'claiming')
  const refill = createRefill(parts)
  let mayHaveMore = true
  let discovered: BusyDestination | null = null
  let stopped = false

  /** Claims what there is room for; false when there was none, or nothing to claim. */
  const take = async (): Promise<boolean> => {
    const room = Math.max(0, launcher.free) + 2 * holdMost - launcher.held()
    if (!mayHaveMore || leases.fenced || room <= holdMost / 2) return false
    const since = performance.now()
    const holding = new Map<string, number>()

    const decide: Decide = ({ destination, circuit, lost }, now) => {
      // Asked anew each time: the launcher fills places too while this claim is under way. One attempt more than there are
      // places is no harm, a probe that waits for one is: its word runs out.
      const decision = launcher.free > 0 || circuit ? destinations.admit(destination, now, circuit) : 'hold'
      if (decision === 'send') return decision
      if (decision !== 'hold') {
        destinations.expect(destination, decision.reason)
        return decision
      }
      const held = holding.get(destination) ?? launcher.held(destination)
      if (held >= holdMost && !lost) {
        destinations.expect(destination)
        return busy(now)
      }
      holding.set(destination, held + 1)
      return 'hold'
    }

    await launcher.launch(async (taken) => {
      const claimed = await claim(parts, room, (execution, now) => {
        const decision = decide(execution, now)
        if (decision === 'send') taken.push(execution.destination)
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
        const { count, all } = await refill()
        if (count > 0) mayHaveMore = true
        const took = await take()
        trouble.worked()
        // Never around without a pause: a fenced worker would keep its own touches from ever being sent. A refill that was
        // cut short is one.
        if (all && (!took || !mayHaveMore || launcher.held() >= holdMost)) {
          await sleep(destinations.refillInMs(BACKSTOP_MS))
        }
        if (launcher.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, launcher.gatherMs()))
      } catch (error) {
        trouble.failed(error)
        await trouble.pause()
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
    take(destination) {
      if (stopped || mayHaveMore || launcher.held(destination) > 0 || launcher.free <= launcher.ready()) return false
      return destinations.admit(destination, clock.now()) === 'send'
    },
    offer(count) {
      mayHaveMore = true
      wake()
      if (stopped || count > launcher.free) notifyWork(pool).catch(() => {})
    },
    park(busy) {
      for (const destination of busy) {
        destinations.expect(destination)
        notifyWork(pool, destination).catch(() => {})
      }
      wake()
    },
    async discover() {
      const { found, next } = await busyDestinations(pool, discovered)
      discovered = next
      for (const { destination, reason } of found) destinations.expect(destination, reason)
      if (destinations.anyBacklog()) wake()
      return found
    },
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
