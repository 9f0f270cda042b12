import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from '@scheduler/db/client'
import { HOUSEKEEPING_QUEUE, startQueue } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import type { Boss } from './route.ts'

const RETRY_MS = 1_000

/** Our chores, as pg-boss's schedules; written at each start, the same each time. */
const chores = [
  { key: 'prune', cron: '17 * * * *' },
  { key: 'reconcile', cron: '43 3 * * *' },
]

export interface QueueKeeper {
  /** Null until pg-boss has started. */
  boss(): Boss | null
  stop(): Promise<void>
}

/** Starts pg-boss in the background, again and again until the database is there: the API answers meanwhile. */
export function keepQueue(pool: Pool, log: Logger): QueueKeeper {
  const stopping = new AbortController()
  let boss: Boss | null = null

  async function start(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const started = await startQueue(pool, {
          onError: ({ message }) => log.warn({ reason: message }, 'queue failed'),
        })
        for (const { key, cron } of chores) await started.schedule(HOUSEKEEPING_QUEUE, cron, { task: key }, { key })
        boss = started
        return log.info('queue started')
      } catch (error) {
        log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'queue not started')
        await wait(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  const starting = start()
  return {
    boss: () => boss,
    async stop() {
      stopping.abort()
      await starting
      await boss?.stop({ graceful: false })
    },
  }
}
