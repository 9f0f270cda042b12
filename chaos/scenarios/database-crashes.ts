import { wait } from '../../bench/until.ts'
import { type CrashSignal, crashDatabase } from '../faults/crash-database.ts'
import { shuffled } from '../faults/plan.ts'
import { checkRecoveries, type Recovery, recover } from '../faults/recovery.ts'
import { checkAnswers, countInFlight, underLoad } from '../faults/under-load.ts'
import type { Rig, Scenario } from '../scenario.ts'

const AT_ONCE = 10
const KILLED = 3
/** A database that is away for no longer doubles nothing, ms: claims outlast it. */
const SHORT_MS = 5_000

export const databaseCrashes: Scenario = {
  name: 'database-crashes',
  what: `PostgreSQL is stopped at once ${AT_ONCE} times and killed ${KILLED} times, under load, and started again by its supervisor.`,

  async run(rig) {
    const crashes = planOf(rig)
    // Clients that ask several times while the database is away, which may be for a fifth of a second.
    const clients = await underLoad(rig, { oncePerSecond: 20 })
    const away: number[] = []
    const recoveries: Recovery[] = []
    for (const { signal, afterMs } of crashes) {
      await wait(afterMs)
      away.push(await crash(rig, signal))
      recoveries.push(await recover(rig))
    }
    await rig.quiet()
    rig.note('longest absence of the database', `${(Math.max(...away) / 1_000).toFixed(1)} s`)
    checkRecoveries(rig, recoveries)
    checkAnswers(rig, clients)
    const away503 = clients.answers()['503'] ?? 0
    rig.check('calls that were answered 503 meanwhile', away503 > 0, away503)
    await rig.judge(Math.max(...away) < SHORT_MS ? { duplicates: 0 } : {})
  },
}

function planOf({ short, dice }: Rig): { signal: CrashSignal; afterMs: number }[] {
  const [atOnce, killed] = short ? [1, 1] : [AT_ONCE, KILLED]
  const signals: CrashSignal[] = [...Array(atOnce).fill('SIGQUIT'), ...Array(killed).fill('SIGKILL')]
  return shuffled(signals, dice).map((signal) => ({ signal, afterMs: dice.int(1_000, 4_000) }))
}

async function crash(rig: Rig, signal: CrashSignal): Promise<number> {
  const kind = signal === 'SIGQUIT' ? 'database stopped at once' : 'database killed'
  const inFlight = await countInFlight(rig)
  return await rig.fault({ kind, pids: null, mayRepeat: true, inFlight }, () => crashDatabase(rig, signal))
}
