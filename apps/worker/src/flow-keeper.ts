import type { Pool } from '@scheduler/db/client'
import { BACKSTOP_MS } from '@scheduler/db/notify'
import { createTurns } from '@scheduler/db/queries/in-turn'
import { releaseLimited } from '@scheduler/db/queries/release-limited'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How often to look whether there are limits by now, ms; nobody but a lost notification makes it wait so long. */
const IDLE_MS = 20_000

/** How often to look for slots that nobody gave back, ms. */
const SWEEP_MS = 1_000

/** How long to let slots gather that are given back, ms. */
const GATHER_MS = 10

export interface FlowKeeperParts {
  pool: Pool
  boss: Boss
  log: Logger
  /** Told how many items were put into the queue. */
  onItems: (count: number) => void
}

export interface FlowKeeper {
  /** Limits have changed, or executions were parked for one. */
  wake(): void
  /** An attempt of this worker was settled: a slot may have been given back. */
  settled(): void
  stop(): Promise<void>
}

/** Lets executions of limited flows into the queue as their limits allow. Every worker has one; one at a time acts. */
export function startFlowKeeper({ pool, boss, log, onItems }: FlowKeeperParts): FlowKeeper {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(log, 'granting')
  const turns = createTurns()
  let active = false
  let sweptAt = Number.NEGATIVE_INFINITY
  let stopped = false

  /** Returns how long to sleep, ms. */
  const pass = async (): Promise<number> => {
    const now = performance.now()
    const sweep = now - sweptAt >= SWEEP_MS
    if (sweep) sweptAt = now
    const done = await releaseLimited(pool, boss, { turns, sweep })
    active = done.active
    if (done.released > 0) onItems(done.released)
    if (!active) return IDLE_MS
    return done.nextInMs === null ? BACKSTOP_MS : Math.min(BACKSTOP_MS, done.nextInMs)
  }

  const loop = async () => {
    while (!stopped) {
      try {
        const waitMs = await pass()
        trouble.worked()
        await sleep(waitMs)
        if (active) await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
      } catch (error) {
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    wake,
    settled() {
      if (active) wake()
    },
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
