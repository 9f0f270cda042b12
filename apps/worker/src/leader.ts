import type { Pool } from '@scheduler/db/client'
import type { Listener } from '@scheduler/db/listener'
import { anyItemLost } from '@scheduler/db/queries/any-item-lost'
import { promote } from '@scheduler/db/queries/promote'
import { reconcile } from '@scheduler/db/queries/reconcile'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import type { Checkup } from './checkup.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How often to look for items of dead workers, ms; and how often to supervise though there are none. */
const LOOK_MS = 2_000
const SUPERVISE_MS = 30_000
const RECONCILE_MS = 30_000
/** How often to check what must hold. */
const CHECKUP_MS = 300_000

/**
 * How long after a new connection the leader leaves lost claims alone, ms. When the database was away, its clock went on
 * and every claim looks lost until its worker has touched it again.
 */
const SETTLE_IN_MS = 6_000

export interface LeaderParts {
  pool: Pool
  boss: Boss
  listener: Listener
  log: Logger
  /** Looks whether what must hold does, and says where it does not; without it nobody looks. */
  checkup?: Checkup
}

/**
 * What one worker does for all: lets pg-boss give the items of dead workers back, and looks for damage. The worker that
 * holds the lock does it; when it goes, another follows within seconds.
 */
export function startLeader(parts: LeaderParts): { stop(): Promise<void> } {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'supervising')
  const promoting = createTrouble(parts.log, 'promoting')
  const checking = createTrouble(parts.log, 'checking invariants')
  let stopped = false
  let reconciledAt = Number.NEGATIVE_INFINITY
  let supervisedAt = Number.NEGATIVE_INFINITY
  let checkedAt = Number.NEGATIVE_INFINITY
  let checkingNow: Promise<void> | null = null
  let led = false

  const loop = async () => {
    while (!stopped) {
      await sleep(LOOK_MS)
      const { leads, connectedMs } = parts.listener
      if (leads !== led) parts.log.info(leads ? 'leads now' : 'leads no more')
      led = leads
      if (stopped || !leads || connectedMs < SETTLE_IN_MS) continue
      try {
        if (performance.now() - supervisedAt > SUPERVISE_MS || (await anyItemLost(parts.pool))) {
          supervisedAt = performance.now()
          await parts.boss.supervise()
        }
        if (performance.now() - reconciledAt > RECONCILE_MS) {
          reconciledAt = performance.now()
          await reconcilePass(parts)
        }
        trouble.worked()
      } catch (error) {
        trouble.failed(error)
      }
      // On its own: what keeps one from being done must not keep the others.
      try {
        await promote(parts.pool, null)
        promoting.worked()
      } catch (error) {
        promoting.failed(error)
      }
      // Beside the loop: on a slow database it takes its time, and the items of dead workers must not wait for it.
      if (parts.checkup && !checkingNow && performance.now() - checkedAt > CHECKUP_MS) {
        checkedAt = performance.now()
        checkingNow = check(parts.checkup).finally(() => {
          checkingNow = null
        })
      }
    }
  }
  const check = async (checkup: Checkup) => {
    try {
      await checkup(() => stopped)
      checking.worked()
    } catch (error) {
      checking.failed(error)
    }
  }
  const running = loop()

  return {
    async stop() {
      stopped = true
      wake()
      await running
      await checkingNow
    },
  }
}

/** Repairs what is damaged and says so; says nothing when all is well. */
export async function reconcilePass(parts: Pick<LeaderParts, 'pool' | 'boss' | 'log'>): Promise<void> {
  const found = await reconcile(parts.pool, parts.boss)
  if (found.requeued > 0 || found.crashed > 0) parts.log.error(found, 'ledger repaired')
  if (found.overdue > 0) parts.log.warn({ jobs: found.overdue }, 'jobs overdue')
}
