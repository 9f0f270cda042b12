import { wait } from '../../bench/until.ts'
import { stopBusyWorker, stopWorker } from '../faults/processes.ts'
import type { Rig, Scenario } from '../scenario.ts'

/** Past the lease, and the leader's if it is the one, and what is made again has ended by then; and far within it. */
const LONG_MS = 22_000
const SHORT_MS = 3_000

export const stops: Scenario = {
  name: 'stops',
  what: 'SIGSTOP of a random worker with callbacks in flight, for longer than its lease and for less, then SIGCONT; and of the API.',
  async run(rig) {
    const rounds = rig.short ? 1 : 4
    await rig.startApi()
    await rig.startWorkers(3)
    rig.startLoad({ intervals: 100, everyMs: 2_000, oncePerSecond: 2, changesPerSecond: 4, delayMs: 800 })
    await wait(5_000)
    let inFlight = 0
    for (let n = 0; n < rounds; n += 1) {
      inFlight += await stopBusyWorker(rig, LONG_MS)
      await wait(2_000)
      if (rig.short) continue
      await stopWorker(rig, SHORT_MS)
      await stopApi(rig, SHORT_MS)
    }
    await rig.quiet()
    // What waits for its connection when its worker stops is not sent after; what is just being written may be.
    await rig.judge({ sentLate: rounds })
    const { rows } = await rig.pool.query<{ n: number; twice: number }>(
      `select count(*)::int as n, count(*) filter (where attempt >= 2)::int as twice from attempts where outcome = 'abandoned'`,
    )
    const { n = 0, twice = 0 } = rows[0] ?? {}
    rig.check('attempts of stopped workers, abandoned and made again', n >= rounds, `${n} of ${inFlight}`)
    rig.check('made again more than once', twice === 0, twice)
  },
}

async function stopApi(rig: Rig, forMs: number): Promise<void> {
  const [api] = rig.apis
  await rig.fault({ kind: 'API stopped', pids: [], mayRepeat: false }, async () => {
    api?.process.kill('SIGSTOP')
    await wait(forMs)
    api?.process.kill('SIGCONT')
  })
}
