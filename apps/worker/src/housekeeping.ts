import type { Pool } from '@scheduler/db/client'
import { makePartitions } from '@scheduler/db/queries/make-partitions'
import { type PartitionsLeft, prune, type Retention } from '@scheduler/db/queries/prune'
import { type Boss, HOUSEKEEPING_QUEUE, type HousekeepingTask } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import { reconcilePass } from './leader.ts'
import { reasonOf } from './trouble.ts'

export interface HousekeepingParts {
  pool: Pool
  boss: Boss
  log: Logger
  retention: Retention
}

/**
 * Does the chores that pg-boss's own `schedule()` asks for, one worker at a time. Chores that were missed are no loss:
 * the next ones do the same.
 */
export async function startHousekeeping(parts: HousekeepingParts): Promise<void> {
  await parts.boss.work<HousekeepingTask>(HOUSEKEEPING_QUEUE, { pollingIntervalSeconds: 30 }, async ([item]) => {
    try {
      if (item?.data.task === 'prune') {
        await partitionLedger(parts)
        const pruned = await prune(parts.pool, parts.retention, item.signal, partitionsLeft(parts.log))
        // Work that nobody has looked after is gone for good: more than the daily business.
        if (pruned.deadLetters > 0) parts.log.warn({ deadLetters: pruned.deadLetters }, 'dead letters expired')
        if (pruned.partitions > 0 || pruned.executions > 0 || pruned.jobs > 0) parts.log.info(pruned, 'pruned')
      } else await reconcilePass(parts)
    } catch (error) {
      // pg-boss stores what is thrown: a short error of our own, not the driver's.
      parts.log.error({ task: item?.data.task, reason: reasonOf(error) }, 'housekeeping failed')
      throw new Error('housekeeping failed')
    }
  })
}

const CROWDED =
  'Too many dead letters, or unfinished executions, to be moved out of it. It is emptied row by row, which takes hours where ' +
  'dropping takes a second: redrive its dead letters or put them away, or keep them for less time (DEAD_LETTER_RETENTION_DAYS).'

const partitionsLeft = (log: Logger): PartitionsLeft => ({
  crowded: (partition) => log.warn({ partition, reason: CROWDED }, 'partition not dropped'),
  failed: (partition, error) => log.error({ partition, reason: reasonOf(error) }, 'partition not dropped'),
})

/**
 * Makes the partitions that the ledger wants. At the start, too, before anything is dispatched: the service may have slept for
 * weeks. Without them, what is dispatched goes into the default partition: no reason not to start.
 */
export async function partitionLedger({ pool, log, retention }: Omit<HousekeepingParts, 'boss'>): Promise<void> {
  try {
    const { made, busy } = await makePartitions(pool, retention.days)
    if (made.length > 0) log.info({ partitions: made }, 'ledger partitioned')
    if (busy) log.warn('ledger too busy to be partitioned')
  } catch (error) {
    log.error({ reason: reasonOf(error) }, 'ledger not partitioned')
  }
}
