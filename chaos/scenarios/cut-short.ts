import { wait } from '../../bench/until.ts'
import { endWorker, inFlightOf, pidOf } from '../faults/processes.ts'
import type { Scenario } from '../scenario.ts'

const SECONDS = '1'

/** The drain time is shorter than a callback: what is broken off is given to others at once, not after the lease. */
export const cutShort: Scenario = {
  name: 'cut-short',
  what: 'SIGTERM of workers whose callbacks last longer than they may drain: broken off and made again by others.',
  async run(rig) {
    const rounds = rig.short ? 1 : 4
    const env = { DRAIN_TIMEOUT_SECONDS: SECONDS, DESTINATION_CONCURRENCY: '100' }
    await rig.startApi()
    await rig.startWorkers(3, env)
    rig.startLoad({ intervals: 40, everyMs: 2_000, oncePerSecond: 2, changesPerSecond: 2, delayMs: 3_000 })
    await wait(6_000)
    let slowest = 0
    for (let n = 0; n < rounds; n += 1) {
      const worker = rig.dice.pick(rig.workers)
      const pid = pidOf(worker)
      await rig.startWorkers(1, env)
      await rig.fault({ kind: 'worker cut short', pids: [pid], mayRepeat: true }, async (fault) => {
        const ending = endWorker(rig, worker)
        // It claims no more once it has the signal: what is in flight now is all that can be broken off.
        fault.inFlight = await inFlightOf(rig, pid)
        const { code, ms } = await ending
        slowest = Math.max(slowest, ms)
        rig.check('exit code', code === 0, code ?? 'a signal')
      })
      await wait(4_000)
    }
    await rig.quiet()
    // Each new worker sends few at once until the receiver has answered it, and that takes three seconds each time.
    await rig.judge({ lateMs: 15_000 })
    rig.check('slowest end, ms', slowest <= 3_000, `${slowest.toFixed(0)}, at most 3000`)
  },
}
