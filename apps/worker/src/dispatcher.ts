import { BACKSTOP_MS } from '@scheduler/db/notify'
import { BATCH, type DispatcherParts, dispatchPass, YIELD_MS } from './dispatch-pass.ts'
import { createGather } from './gather.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How long what is due gathers between two passes, ms, where more than one was due at the last. */
const gatherTimes = { least: 0, most: 5 }

export interface Dispatcher {
  /** Something may be due sooner than the dispatcher knows. */
  wake(): void
  stop(): Promise<void>
}

/** Dispatches whatever is due, then sleeps until the next is, for a second at the most. */
export function startDispatcher(parts: DispatcherParts): Dispatcher {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'dispatching')
  let stopped = false
  let limit = BATCH
  const gather = createGather(gatherTimes)
  let yieldMs = 0
  let jobsAreDue = false

  const loop = async () => {
    while (!stopped) {
      try {
        const startedAt = performance.now()
        const { done, waitMs, forJobs, overtaken } = await dispatchPass(parts, limit, jobsAreDue)
        gather.took(performance.now() - startedAt)
        limit = Math.min(BATCH, limit * 2)
        trouble.worked()
        if (done > 0) yieldMs = 0
        else if (overtaken) yieldMs = YIELD_MS
        const restMs = done > 1 && done < limit ? Math.max(waitMs, gather.ms) : waitMs
        const isOver = restMs > 0 && (await sleep(Math.min(BACKSTOP_MS, restMs + yieldMs)))
        jobsAreDue = isOver && forJobs && yieldMs === 0
      } catch (error) {
        jobsAreDue = false
        // A pass that took too long will again, until it is smaller.
        limit = Math.max(1, Math.floor(limit / 2))
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    wake,
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
