import { wait } from '../../bench/until.ts'
import { crashDatabase } from '../faults/crash-database.ts'
import { storms } from '../faults/lock-storms.ts'
import { killApi, killWorker, stopWorker } from '../faults/processes.ts'
import { terminateOthers, withSession } from '../faults/sessions.ts'
import { countInFlight } from '../faults/under-load.ts'
import type { Rig, Scenario } from '../scenario.ts'

const FOR_MS = 180_000
const SHORT_MS = 20_000

/** One fault after the other, without waiting until the one before is forgotten. */
export const mixed: Scenario = {
  name: 'mixed',
  what: 'Random faults for three minutes: workers killed and stopped, the API killed, the database crashed and locked, connections ended.',
  async run(rig) {
    const strikes = [killWorker, killWorker, stopLong, stopShort, killApi, crash, endConnections, lock]
    await rig.startApi()
    await rig.startWorkers(4)
    rig.startLoad({ intervals: 150, everyMs: 2_000, oncePerSecond: 5, changesPerSecond: 5, delayMs: 200 })
    await wait(4_000)
    const end = performance.now() + (rig.short ? SHORT_MS : FOR_MS)
    let struck = 0
    while (performance.now() < end) {
      await rig.dice.pick(strikes)(rig)
      await wait(rig.dice.int(500, 4_000))
      struck += 1
    }
    await rig.quiet()
    rig.note('faults', struck)
    await rig.judge()
  },
}

const stopLong = (rig: Rig) => stopWorker(rig, 14_000)
const stopShort = (rig: Rig) => stopWorker(rig, 2_000)

async function crash(rig: Rig): Promise<void> {
  const inFlight = await countInFlight(rig)
  const fault = { kind: 'database stopped at once', pids: null, mayRepeat: true, inFlight }
  await rig.fault(fault, () => crashDatabase(rig, 'SIGQUIT'))
}

async function endConnections(rig: Rig): Promise<void> {
  const fault = { kind: 'connections ended', pids: null, mayRepeat: false }
  await rig.fault(fault, () => withSession(rig.url, terminateOthers))
}

async function lock(rig: Rig): Promise<void> {
  const { kind, blow } = rig.dice.pick(storms.filter((it) => !it.mayRepeat))
  await rig.fault({ kind, pids: null, mayRepeat: false }, () => blow(rig.url, rig.dice.int(1_000, 4_000)))
}
