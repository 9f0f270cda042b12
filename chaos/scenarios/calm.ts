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
    rig.startLoad({
      intervals: perSecond * 2,
      everyMs: 2_000,
      oncePerSecond: 10,
      changesPerSecond: 10,
      delayMs: 20,
    })
    // Not by what is due: of that clients pause more or less.
    await until(async () => (await rig.receiver.count()) >= wanted, 300_000, `${wanted} callbacks`)
    await rig.quiet()
    await rig.judge({ duplicates: 0 })
    rig.note('callbacks that arrived', await rig.receiver.count())
  },
}
