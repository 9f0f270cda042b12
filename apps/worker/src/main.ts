// The worker: dispatches what is due, claims, sends, settles; until it is told to stop, then drains. Run any number.
import { once } from 'node:events'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { readKeys } from '@scheduler/core/seal'
import { databaseUrl, directDatabaseUrl, targetPolicy } from '@scheduler/core/settings'
import { createPool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { startListener } from '@scheduler/db/listener'
import { NO_STEADY_PLANS, unsteadySettings } from '@scheduler/db/pool'
import { toCancel } from '@scheduler/db/queries/to-cancel'
import { leave } from '@scheduler/db/queries/workers'
import { startQueue } from '@scheduler/db/queue'
import { NO_SESSION } from '@scheduler/db/session'
import { newWorkerId } from '@scheduler/db/worker-id'
import { pino } from 'pino'
import { startAftermath } from './aftermath.ts'
import { createCallbackClient } from './callback-client.ts'
import { createCheckup } from './checkup.ts'
import { startCircuitKeeper } from './circuit-keeper.ts'
import { startClaimer } from './claimer.ts'
import { loadConfig } from './config.ts'
import { createDestinations } from './destinations.ts'
import { startDispatcher } from './dispatcher.ts'
import { startFlowKeeper } from './flow-keeper.ts'
import { startHeartbeat } from './heartbeat.ts'
import { partitionLedger, startHousekeeping } from './housekeeping.ts'
import { startLauncher } from './launcher.ts'
import { startLeader } from './leader.ts'
import { startLeases } from './leases.ts'
import { startNotifier } from './notifier.ts'
import { overflowOf } from './overflow.ts'
import { startPromoter } from './promoter.ts'
import { startPruner } from './pruner.ts'
import { createReceiverUrls } from './receiver-urls.ts'
import { startSettler } from './settler.ts'
import { createTrouble } from './trouble.ts'
import { untilDatabase } from './until-database.ts'

const config = orExit(() => loadConfig(process.env))
const url =
  orExit(() => databaseUrl(process.env)) ??
  exit('No database is named. Set DATABASE_URL, or use the start command, which brings its own.')
const directUrl = orExit(() => directDatabaseUrl(process.env)) ?? url
const workerId = newWorkerId()
const log = pino({ level: config.LOG_LEVEL, base: { service: 'worker', workerId, pid: process.pid } })

const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(process, 'disconnect')])

const pool = createPool(url, { max: 10, steadyPlans: true, name: 'scheduler worker' })
const clock = createDbClock()
const client = orExit(() => createCallbackClient(targetPolicy(config)))
await untilDatabase(async () => void (await clock.refresh(pool)), log, stop)
const unsteady = await untilDatabase(() => unsteadySettings(pool), log, stop)
if (unsteady.length > 0) log.warn({ reason: NO_STEADY_PLANS, settings: unsteady }, 'plans not steady')
const boss = await untilDatabase(
  () => startQueue(pool, { schedule: true, onError: (error) => log.warn({ reason: error.message }, 'queue failed') }),
  log,
  stop,
)

const perJob = config.LEDGER_RETENTION_COUNT ?? null
const retention = { days: config.LEDGER_RETENTION_DAYS, deadLetterDays: config.DEAD_LETTER_RETENTION_DAYS, perJob }
// Not for long: a large default partition is looked through first.
await Promise.race([partitionLedger({ pool, log, retention }), sleep(5_000), stop])

const circuitSettings = { failMax: config.CIRCUIT_FAIL_MAX, resetMs: config.CIRCUIT_RESET_TIMEOUT * 1_000 }
const destinations = createDestinations({
  ...circuitSettings,
  concurrency: config.destinationConcurrency,
  onOutcome: () => keeper.tell(),
})
const keeper = startCircuitKeeper({
  ...{ pool, clock, log, destinations, settings: circuitSettings },
  onLearn: () => claimer.wake(),
})
const leases = startLeases(boss, pool, log)
const promoter = startPromoter({ pool, log })
const secrets = { keys: readKeys(config.ENCRYPTION_KEYS), signing: config.SIGNING_SECRET }
const notifier = startNotifier({ pool, clock, client, secrets, log })
const instanceUrl = config.NOTIFY_URL ?? null
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
const receiverUrls = createReceiverUrls(config.PUBLIC_URL, secrets.keys, log)
const launcher = startLauncher({
  ...{ pool, boss, clock, log, workerId, client, destinations, leases, settler, secrets, receiverUrls },
  concurrency: config.WORKER_CONCURRENCY,
  onPlace: () => claimer.place(),
})
const holdMost = 2 * config.destinationConcurrency
const ramp = { perSecond: config.CIRCUIT_DRAIN_RATE }
const claimer = startClaimer({ pool, boss, log, clock, workerId, destinations, launcher, leases, holdMost, ramp })
const dispatcher = startDispatcher({
  ...{ pool, boss, clock, log, workerId },
  ...{ take: claimer.take, launch: launcher.launch },
  graceSeconds: config.MISFIRE_GRACE_TIME,
  most: (destination) => (destinations.hasBacklog(destination) ? 0 : holdMost),
  overflow: overflowOf(destinations),
  onItems: claimer.offer,
  onItemsWait: claimer.wake,
  onBusy: claimer.park,
  onEventsWait: aftermath.wake,
  onNotificationsDue: notifier.wake,
  notifiesAll: instanceUrl !== null,
})
const flowKeeper = startFlowKeeper({ pool, boss, log, onItems: claimer.offer })
const listening = createTrouble(log, 'listening')
const listener = startListener({
  ...{ connectionString: directUrl, pool },
  // Called on each new connection too.
  onDue() {
    listening.worked()
    dispatcher.wake()
  },
  onWork: claimer.wake,
  onCancel: launcher.cancel,
  onCircuit: keeper.ask,
  onFlow: flowKeeper.wake,
  onError: listening.failed,
  onDeaf: () => log.error({ reason: NO_SESSION }, 'notifications do not arrive'),
})
const given = { keys: secrets.keys, deadLetterDays: Math.max(retention.days, retention.deadLetterDays) }
const leader = startLeader({ pool, boss, listener, log, checkup: createCheckup({ pool, log, given }) })
let draining = false
const heartbeat = startHeartbeat({
  ...{ pool, clock, log },
  onBeat: async () => {
    keeper.ask('')
    for (const { destination } of await claimer.discover()) keeper.ask(destination)
    for (const id of await toCancel(pool, launcher.flying())) launcher.cancel(id)
  },
  current: () => ({ id: workerId, hostname: hostname(), pid: process.pid, inFlight: launcher.inFlight, draining }),
})
const pruner = startPruner({ pool, listener, log, perJob })
await startHousekeeping({ pool, boss, log, retention })
log.info({ concurrency: config.WORKER_CONCURRENCY, destinationConcurrency: config.destinationConcurrency }, 'ready')

await stop
draining = true
log.info({ inFlight: launcher.inFlight }, 'draining')
const drainMs = config.DRAIN_TIMEOUT_SECONDS * 1_000
// Whatever hangs, the process ends; what it held is given to others when its heartbeat runs out.
setTimeout(() => process.exit(1), drainMs + 10_000).unref()

await Promise.all([dispatcher.stop(), flowKeeper.stop(), leader.stop(), listener.stop(), claimer.stop()])
const notified = notifier.stop(drainMs)
const { finished } = await launcher.drain(drainMs)
const unsettled = await settler.stop(5_000)
await keeper.stop()
await promoter.stop()
await aftermath.stop()
await pruner.stop()
await notified
await leases.stop()
await heartbeat.stop()
await leave(pool, workerId).catch(() => {})
await boss.stop({ graceful: false, close: false }).catch(() => {})
client.close()
await pool.end()
log.info({ finished, unsettled }, 'stopped')
process.exit(0)

/** What is wrong with the environment is said in a sentence, not in a stack. */
function orExit<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return exit(error instanceof Error ? error.message : String(error))
  }
}

function exit(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}
