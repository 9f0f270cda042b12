import { createPool } from '@scheduler/db/client'
import { CommitUnanswered } from '@scheduler/db/database-away'
import { transaction } from '@scheduler/db/transaction'
import { openWay, type Way } from '../../bench/proxy.ts'
import { type Standby, startStandby } from '../../bench/standby.ts'
import { until, wait } from '../../bench/until.ts'
import { answers } from '../faults/crash-database.ts'
import { checkRecoveries, recover } from '../faults/recovery.ts'
import { checkAnswers, countInFlight, underLoad } from '../faults/under-load.ts'
import type { Clients, Rig, Scenario } from '../scenario.ts'

/** How long it takes whoever fails over to notice, ms: longer than a claim lasts. */
const NOTICE_MS = 12_000
/** How long a write waits at a primary whose standby has left it, ms, before it is given up. */
const UNANSWERED_MS = 3_000

export const failover: Scenario = {
  name: 'failover',
  what: 'The primary is killed under load, its synchronous standby is promoted, and the one address that all know leads there.',

  async run(rig) {
    const afterMs = rig.dice.int(2_000, 5_000)
    const standby = await startStandby(rig.embedded)
    const way = await openWay(rig.url)
    try {
      const clients = await underLoad(rig, {}, { DATABASE_URL: way.url })
      await wait(afterMs)
      const seen = await failOver(rig, clients, standby, way)
      const recovery = await recover(rig)
      await fence(rig)
      await rig.moveTo(standby.url)
      await rig.quiet()
      rig.note('clients saw meanwhile', seen)
      checkRecoveries(rig, [recovery])
      checkAnswers(rig, clients)
      await rig.judge()
    } finally {
      way.close()
      await standby.stop()
    }
  },
}

/** Returns what clients were answered until the new primary was reached. */
async function failOver(rig: Rig, clients: Clients, standby: Standby, way: Way): Promise<string> {
  const before = clients.answers()
  const began = performance.now()
  const fault = { kind: 'failover', pids: null, mayRepeat: true, inFlight: await countInFlight(rig) }
  await rig.fault(fault, async () => {
    way.cut()
    process.kill(rig.embedded.pid(), 'SIGKILL')
    await standby.promote()
    await wait(rig.short ? 1_000 : NOTICE_MS)
    way.lead(standby.url)
  })
  const { slowestMs: _, ...after } = clients.answers()
  const counts = Object.entries(after).map(([how, n]) => `${n - (before[how] ?? 0)} ${how}`)
  return `${counts.join(', ')} in ${((performance.now() - began) / 1_000).toFixed(1)} s`
}

/**
 * The old primary is back by then: its supervisor knows of no failover. Its standby has left it, so that it answers no
 * commit, and whoever still reaches it is promised nothing. What is written there all the same can be seen there: to take it
 * away is for whoever fails over, and is what keeps two primaries from working side by side.
 */
async function fence(rig: Rig): Promise<void> {
  await until(() => answers(rig.url), 30_000, 'the old primary')
  // As the service writes: what ends the wait is no answer either.
  const pool = createPool(rig.url, { max: 1, queryMs: UNANSWERED_MS, name: 'chaos' })
  const write = transaction(pool, (client) => client.query('create table chaos_written_to_the_old_primary ()'))
  const answer = await write.catch((error: unknown) => error)
  rig.check('the old primary, which is back, answers no commit', answer instanceof CommitUnanswered)
  await pool.end()
}
