import type { Pool } from '@scheduler/db/client'
import { isDataError } from '@scheduler/db/queries/quarantine-job'
import { type Settlement, settle } from '@scheduler/db/queries/settle'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import { createGather } from './gather.ts'
import { createTrouble, reasonOf } from './trouble.ts'
import { createWake } from './wake.ts'

/** Outcomes that one transaction writes at the most. */
const BATCH = 200

/** How long an outcome waits for others to share its transaction, ms. */
const gatherTimes = { least: 2, most: 10 }

export interface SettlerParts {
  pool: Pool
  boss: Boss
  workerId: string
  log: Logger
  /** Told of each settlement once it is committed. */
  onSettled: (settlement: Settlement) => void
}

export interface Settler {
  push(settlement: Settlement): void
  /** Outcomes not committed yet. */
  readonly pending: number
  /** Writes what is left and stops; gives up after `timeoutMs`. Returns how many were left unwritten. */
  stop(timeoutMs: number): Promise<number>
}

/**
 * Writes outcomes in groups. While the database is away it keeps them and tries again until they are committed: a
 * receiver's 2xx must not be sent a second time because our write came at a bad moment.
 */
export function startSettler(parts: SettlerParts): Settler {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'settling')
  const gather = createGather(gatherTimes)
  let queue: Settlement[] = []
  let writing = 0
  let stopped = false

  const write = async (batch: Settlement[]) => {
    await settle(parts.pool, parts.boss, parts.workerId, batch)
    for (const settlement of batch) parts.onSettled(settlement)
  }

  const writeOneByOne = async (batch: Settlement[]) => {
    for (const settlement of batch) {
      await write([settlement]).catch((error: unknown) => {
        if (!isDataError(error)) throw error
        parts.log.error({ executionId: settlement.executionId, reason: reasonOf(error) }, 'outcome refused')
        parts.onSettled(settlement)
      })
    }
  }

  const loop = async () => {
    while (!stopped || queue.length > 0) {
      if (queue.length === 0) {
        await sleep(60_000)
        continue
      }
      if (queue.length < BATCH && !stopped) await new Promise((resolve) => setTimeout(resolve, gather.ms))
      const batch = queue.slice(0, BATCH)
      queue = queue.slice(BATCH)
      writing = batch.length
      const startedAt = performance.now()
      try {
        await write(batch).catch(async (error: unknown) => {
          if (!isDataError(error)) throw error
          await writeOneByOne(batch)
        })
        gather.took(performance.now() - startedAt)
        trouble.worked()
      } catch (error) {
        queue = [...batch, ...queue]
        writing = 0
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      } finally {
        writing = 0
      }
    }
  }
  const running = loop()

  return {
    push(settlement) {
      queue.push(settlement)
      if (queue.length === 1) wake()
    },
    get pending() {
      return queue.length + writing
    },
    async stop(timeoutMs) {
      stopped = true
      wake()
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())])
      return queue.length + writing
    },
  }
}
