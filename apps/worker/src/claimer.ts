import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import { BACKSTOP_MS, notifyWork } from '@scheduler/db/notify'
import { type Claim, claim } from '@scheduler/db/queries/claim'
import { dispatchHeld } from '@scheduler/db/queries/dispatch-held'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import type { Destinations } from './destinations.ts'
import { type ExecuteParts, type Executing, execute } from './execute.ts'
import type { Leases } from './leases.ts'
import type { Settler } from './settler.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How long to let places gather before claiming for them, ms: a claim costs much the same for one item as for twenty. */
const GATHER_MS = 4

export interface ClaimerParts extends ExecuteParts {
  pool: Pool
  boss: Boss
  clock: DbClock
  log: Logger
  workerId: string
  /** Attempts in flight at the most. */
  concurrency: number
  destinations: Destinations
  leases: Leases
  settler: Settler
}

export interface Claimer {
  /** There may be something in the queue. */
  wake(): void
  /** Items were put into the queue by this worker: claims some, and calls other workers for the rest. */
  offer(count: number): void
  readonly inFlight: number
  /** Claims no more; resolves when nothing is in flight, or after `timeoutMs` with what is left broken off. */
  drain(timeoutMs: number): Promise<{ finished: boolean }>
}

/** Claims as many items as there are free places, sends their callbacks, and hands the outcomes to the settler. */
export function startClaimer(parts: ClaimerParts): Claimer {
  const { pool, boss, destinations, leases, settler, concurrency } = parts
  const { wake, sleep } = createWake()
  const idle = createWake()
  const trouble = createTrouble(parts.log, 'claiming')
  const flying = new Set<Executing>()
  let mayHaveMore = true
  let stopped = false

  const free = () => (leases.fenced || settler.pending > 2 * concurrency ? 0 : concurrency - flying.size)

  const start = (claimed: Claim, claimedAt: number) => {
    const executing = execute(parts, claimed)
    flying.add(executing)
    leases.hold(claimed.item, claimedAt, executing.abort)
    void executing.settlement.then((settlement) => {
      flying.delete(executing)
      destinations.release(claimed.destination)
      settler.push(settlement)
      if (mayHaveMore || destinations.refillable().length > 0) wake()
      if (flying.size === 0) idle.wake()
    })
  }

  const refill = async () => {
    for (const { destination, places } of destinations.refillable()) {
      const released = await dispatchHeld(pool, boss, { destination, limit: places })
      if (released < places) destinations.noBacklog(destination)
      if (released > 0) mayHaveMore = true
    }
  }

  const pass = async () => {
    await refill()
    const limit = free()
    if (limit <= 0) return
    const claimedAt = performance.now()
    const taken: string[] = []
    try {
      const claimed = await claim(pool, boss, {
        limit,
        workerId: parts.workerId,
        decide(destination, now) {
          const parking = destinations.admit(destination, now)
          if (!parking) taken.push(destination)
          return parking
        },
      })
      mayHaveMore = claimed.fetched >= limit
      for (const it of claimed.claims) {
        taken.splice(taken.indexOf(it.destination), 1)
        start(it, claimedAt)
      }
    } finally {
      // Places of executions that were cancelled meanwhile, or of a claim that was not committed.
      for (const destination of taken) destinations.giveBack(destination)
    }
  }

  const loop = async () => {
    while (!stopped) {
      try {
        await pass()
        trouble.worked()
        if (!mayHaveMore || free() <= 0) await sleep(BACKSTOP_MS)
        else if (free() < concurrency / 4) await sleep(GATHER_MS)
      } catch (error) {
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    wake() {
      mayHaveMore = true
      wake()
    },
    offer(count) {
      mayHaveMore = true
      wake()
      if (count > free()) notifyWork(pool).catch(() => {})
    },
    get inFlight() {
      return flying.size
    },
    async drain(timeoutMs) {
      stopped = true
      wake()
      await running
      const deadline = performance.now() + timeoutMs
      while (flying.size > 0 && performance.now() < deadline) await idle.sleep(deadline - performance.now())
      const finished = flying.size === 0
      const left = [...flying]
      for (const executing of left) executing.abort()
      await Promise.all(left.map(({ settlement }) => settlement))
      return { finished }
    },
  }
}
