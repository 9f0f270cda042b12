import { wait } from '../../bench/until.ts'
import { type Storm, storms } from '../faults/lock-storms.ts'
import { shuffled } from '../faults/plan.ts'
import { checkRecoveries, type Recovery, recover } from '../faults/recovery.ts'
import { checkAnswers, countInFlight, underLoad } from '../faults/under-load.ts'
import type { Rig, Scenario } from '../scenario.ts'

/** How long each of them lasts: longer than an answer may take, and than a claim outlasts. */
const [LEAST_MS, MOST_MS] = [5_000, 12_000]
/** One of the storms takes the cores that the API would say by that it can't, ms. */
const ANSWER_MS = 3_000

export const locksAndSlow: Scenario = {
  name: 'locks-and-slow',
  what: 'Other sessions lock tables, rows and advisory locks for up to 12 s, queue a DDL statement, take all cores, or slow every settle down.',

  async run(rig) {
    const plan = planOf(rig)
    const clients = await underLoad(rig)
    const recoveries: Recovery[] = []
    for (const { storm, afterMs, ms } of plan) {
      await wait(afterMs)
      await blow(rig, storm, ms)
      recoveries.push(await recover(rig))
    }
    await rig.quiet()
    checkRecoveries(rig, recoveries)
    checkAnswers(rig, clients, ANSWER_MS)
    await rig.judge()
  },
}

async function blow(rig: Rig, { kind, mayRepeat, blow }: Storm, ms: number): Promise<void> {
  const fault = { kind, pids: null, mayRepeat, inFlight: mayRepeat ? await countInFlight(rig) : 0 }
  await rig.fault(fault, () => blow(rig.url, ms))
}

/** Each once; of the short form two. */
function planOf({ dice, short }: Rig): { storm: Storm; afterMs: number; ms: number }[] {
  const chosen = shuffled(storms, dice).slice(0, short ? 2 : storms.length)
  const ms = () => (short ? LEAST_MS : dice.int(LEAST_MS, MOST_MS))
  return chosen.map((storm) => ({ storm, afterMs: dice.int(500, 2_000), ms: ms() }))
}
