import { until } from '../../bench/until.ts'
import type { Scenario } from '../scenario.ts'

/** What everything else is compared with. */
export const calm: Scenario = {
  name: 'calm',
  what: 'Nothing is broken: 100,000 executions on four workers, while clients create, edit, pause, resume and delete jobs.',
  async run(rig) {
    const wanted = rig.short ? 2_000 : 100_000
    const perSecond = rig.short ? 200 : 1_000
    await rig.startApi()
    await rig.startWorkers(4)
    const clients = rig.startLoad({
      intervals: perSecond * 2,
      everyMs: 2_000,
      oncePerSecond: 10,
      changesPerSecond: 10,
      delayMs: 20,
    })
    await until(async () => clients.occurrences() >= wanted * 1.02, 300_000, `${wanted} occurrences`)
    await rig.quiet()
    await rig.judge({ duplicates: 0 })
    const sent = await rig.receiver.count()
    rig.check('callbacks that arrived', sent >= wanted, `${sent}, at least ${wanted}`)
  },
}
