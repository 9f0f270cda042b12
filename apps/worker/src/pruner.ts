import type { Pool } from '@scheduler/db/client'
import type { Listener } from '@scheduler/db/listener'
import { pruneNewSurplus } from '@scheduler/db/queries/prune-by-job'
import type { Logger } from 'pino'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How often it looks, ms: a job of every second has sixty executions too many by then, not a day's. */
const LOOK_MS = 60_000

export interface PrunerParts {
  pool: Pool
  listener: Pick<Listener, 'leads'>
  log: Logger
  /** Finished executions kept of each job; null: any number. */
  perJob: number | null
  lookMs?: number
}

/**
 * Prunes jobs that have more executions than they may keep, in the worker that leads. A loop of its own: there may be
 * millions at once, and what else the leader does must not wait for them.
 */
export function startPruner({ pool, listener, log, perJob, lookMs = LOOK_MS }: PrunerParts): { stop(): Promise<void> } {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(log, 'pruning')
  const stopping = new AbortController()
  let since: Date | null = null

  const loop = async () => {
    while (!stopping.signal.aborted) {
      await sleep(lookMs)
      if (stopping.signal.aborted || !listener.leads) continue
      try {
        const pruned = await pruneNewSurplus(pool, perJob, since, stopping.signal)
        since = pruned.since
        if (pruned.executions > 0) log.debug({ executions: pruned.executions }, 'surplus pruned')
        trouble.worked()
      } catch (error) {
        trouble.failed(error)
      }
    }
  }
  const running = loop()

  return {
    async stop() {
      stopping.abort()
      wake()
      await running
    },
  }
}
