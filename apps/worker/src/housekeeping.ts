import type { Pool } from '@scheduler/db/client'
import { prune, type Retention } from '@scheduler/db/queries/prune'
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
        const pruned = await prune(parts.pool, parts.retention, item.signal)
        // Work that nobody has looked after is gone for good: more than the daily business.
        if (pruned.deadLetters > 0) parts.log.warn({ deadLetters: pruned.deadLetters }, 'dead letters expired')
        if (pruned.executions > 0 || pruned.jobs > 0) parts.log.info(pruned, 'pruned')
      } else await reconcilePass(parts)
    } catch (error) {
      // pg-boss stores what is thrown: a short error of our own, not the driver's.
      parts.log.error({ task: item?.data.task, reason: reasonOf(error) }, 'housekeeping failed')
      throw new Error('housekeeping failed')
    }
  })
}
