import type { Pool } from '@scheduler/db/client'
import { promote } from '@scheduler/db/queries/promote'
import type { Logger } from 'pino'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

export interface Promoter {
  /** An execution of this job was settled: one that waits for it may go. */
  settled(jobId: string): void
  stop(): Promise<void>
}

/**
 * Lets executions go that wait for those before them, as soon as these are settled. What it does not get to, because the
 * worker dies, is left to the leader.
 */
export function startPromoter({ pool, log }: { pool: Pool; log: Logger }): Promoter {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(log, 'promoting')
  let jobs = new Set<string>()
  let stopped = false

  const loop = async () => {
    while (!stopped) {
      if (jobs.size === 0) {
        await sleep(60_000)
        continue
      }
      const asked = jobs
      jobs = new Set()
      try {
        await promote(pool, [...asked])
        trouble.worked()
      } catch (error) {
        for (const id of asked) jobs.add(id)
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    settled(jobId) {
      jobs.add(jobId)
      if (jobs.size === 1) wake()
    },
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
