import { wait } from '../../bench/until.ts'
import { checkRecoveries, recover } from '../faults/recovery.ts'
import { terminateOthers, withSession } from '../faults/sessions.ts'
import { checkAnswers, underLoad } from '../faults/under-load.ts'
import type { Scenario } from '../scenario.ts'

const TIMES = 50

export const connectionsKilled: Scenario = {
  name: 'connections-killed',
  what: `Every connection to PostgreSQL is ended by pg_terminate_backend, ${TIMES} times in half a minute.`,

  async run(rig) {
    const pauses = Array.from({ length: rig.short ? 8 : TIMES }, () => rig.dice.int(200, 1_000))
    const clients = await underLoad(rig)
    // No claim lapses for it: an attempt goes on, and its outcome waits for the next connection.
    const fault = { kind: 'connections ended', pids: null, mayRepeat: false }
    const ended = await rig.fault(fault, () => withSession(rig.url, (session) => endAll(session, pauses)))
    const recovery = await recover(rig)
    await rig.quiet()
    rig.note('connections ended', ended)
    checkRecoveries(rig, [recovery])
    checkAnswers(rig, clients)
    await rig.judge({ duplicates: 0 })
  },
}

/** Returns how many there were. */
async function endAll(session: Parameters<typeof terminateOthers>[0], pauses: number[]): Promise<number> {
  let ended = 0
  for (const ms of pauses) {
    ended += await terminateOthers(session)
    await wait(ms)
  }
  return ended
}
