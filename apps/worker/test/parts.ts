import { createPool, type Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { startQueue } from '@scheduler/db/queue'
import { newWorkerId } from '@scheduler/db/worker-id'
import { startAftermath } from '../src/aftermath.ts'
import { createCallbackClient } from '../src/callback-client.ts'
import { startCircuitKeeper } from '../src/circuit-keeper.ts'
import { startClaimer } from '../src/claimer.ts'
import { createDestinations } from '../src/destinations.ts'
import { startDispatcher } from '../src/dispatcher.ts'
import { startFlowKeeper } from '../src/flow-keeper.ts'
import { startLauncher } from '../src/launcher.ts'
import { startLeases } from '../src/leases.ts'
import { startNotifier } from '../src/notifier.ts'
import { overflowOf } from '../src/overflow.ts'
import { startPromoter } from '../src/promoter.ts'
import { createReceiverUrls } from '../src/receiver-urls.ts'
import type { Secrets } from '../src/secrets.ts'
import { startSettler } from '../src/settler.ts'
import { createLog } from './log.ts'

export interface PartsOptions {
  concurrency?: number
  destinationConcurrency?: number
  failMax?: number
  resetMs?: number
  timeoutMs?: number
  /** How many parked executions go in the first second after a circuit has closed. */
  drainRate?: number
  secrets?: Secrets
  publicUrl?: string
  graceSeconds?: number
  instanceUrl?: string
  /** How the client looks names up. */
  resolve?: Parameters<typeof createCallbackClient>[2]
  leaseTimes?: Parameters<typeof startLeases>[3]
}

export type Parts = Awaited<ReturnType<typeof startParts>>

/** The parts of a worker, put together as its main does, in this process; without listener, leader and heartbeat. */
export async function startParts(databaseUrl: string, options: PartsOptions = {}) {
  const { concurrency = 20, destinationConcurrency = 10, failMax = 5, resetMs = 60_000, timeoutMs = 10_000 } = options
  const workerId = newWorkerId()
  const { log, lines } = createLog()
  const pool: Pool = createPool(databaseUrl, { max: 8, connectMs: 1_000, queryMs: 3_000, name: 'worker under test' })
  const clock = createDbClock()
  await clock.refresh(pool)
  const boss = await startQueue(pool)
  const client = createCallbackClient(
    { allowPrivate: true, allowCidrs: [], allowHosts: [] },
    timeoutMs,
    options.resolve,
  )
  const destinations = createDestinations({
    ...{ concurrency: destinationConcurrency, failMax, resetMs },
    onOutcome: () => keeper.tell(),
  })
  const keeper = startCircuitKeeper({
    ...{ pool, clock, log, destinations, settings: { failMax, resetMs } },
    onLearn: () => claimer.wake(),
  })
  const leases = startLeases(boss, pool, log, options.leaseTimes)
  const promoter = startPromoter({ pool, log })
  const secrets = options.secrets ?? { keys: { list: [] }, signing: [] }
  const notifier = startNotifier({ pool, clock, client, secrets, log })
  const instanceUrl = options.instanceUrl ?? null
  const aftermath = startAftermath({ pool, log, instanceUrl, onNotifications: notifier.wake })
  const settler = startSettler({
    ...{ pool, boss, workerId, log },
    onSettled({ item, jobId, recurring, state }) {
      leases.drop(item)
      flowKeeper.settled()
      if (recurring) promoter.settled(jobId)
      if (state === 'failed') aftermath.wake()
    },
  })
  const launcher = startLauncher({
    ...{ pool, boss, clock, log, workerId, client, destinations, leases, settler, concurrency },
    ...{ secrets, receiverUrls: createReceiverUrls(options.publicUrl, secrets.keys, log) },
    onPlace: () => claimer.place(),
  })
  const holdMost = 2 * destinationConcurrency
  const ramp = { perSecond: options.drainRate ?? 1_000 }
  const claimer = startClaimer({ pool, boss, log, clock, workerId, destinations, launcher, leases, holdMost, ramp })
  const dispatcher = startDispatcher({
    ...{ pool, boss, clock, log, workerId, graceSeconds: options.graceSeconds ?? 900 },
    ...{ take: claimer.take, launch: launcher.launch },
    most: (destination) => (destinations.hasBacklog(destination) ? 0 : holdMost),
    overflow: overflowOf(destinations),
    ...{ onItems: claimer.offer, onItemsWait: claimer.wake, onBusy: claimer.park },
    ...{ onEventsWait: aftermath.wake, onNotificationsDue: notifier.wake, notifiesAll: instanceUrl !== null },
  })
  const flowKeeper = startFlowKeeper({ pool, boss, log, onItems: claimer.offer })
  let stopped = false
  return {
    ...{
      workerId,
      log,
      lines,
      pool,
      clock,
      boss,
      destinations,
      keeper,
      leases,
      settler,
      launcher,
      claimer,
      dispatcher,
      aftermath,
      notifier,
      flowKeeper,
    },
    /** Drains as a worker does at SIGTERM. Returns whether all in flight finished, and how many outcomes were not written. */
    async drain(timeoutMs = 5_000) {
      stopped = true
      await Promise.all([dispatcher.stop(), flowKeeper.stop(), claimer.stop()])
      const notified = notifier.stop(timeoutMs)
      const { finished } = await launcher.drain(timeoutMs)
      const unsettled = await settler.stop(5_000)
      await keeper.stop()
      await promoter.stop()
      await aftermath.stop()
      await notified
      await leases.stop()
      await boss.stop({ graceful: false, close: false })
      client.close()
      await pool.end()
      return { finished, unsettled }
    },
    async close() {
      if (!stopped) await this.drain(0)
    },
  }
}
