import { until, wait } from '../../bench/until.ts'
import { killApi, killWorker } from '../faults/processes.ts'
import type { Scenario } from '../scenario.ts'

const EVERY_MS = 2_500

export const kills: Scenario = {
  name: 'kills',
  what: 'SIGKILL of a random worker of four, fifty times over 20,000 executions, and of the API now and then; each is replaced.',
  async run(rig) {
    const times = rig.short ? 3 : 50
    await rig.startApi()
    await rig.startWorkers(4)
    const clients = rig.startLoad({
      intervals: rig.short ? 100 : 350,
      everyMs: 2_000,
      oncePerSecond: 5,
      changesPerSecond: 5,
      delayMs: 100,
    })
    await wait(4_000)
    for (let n = 1; n <= times; n += 1) {
      const next = wait(EVERY_MS)
      await killWorker(rig)
      if (n % 10 === 0 || (rig.short && n === 2)) await killApi(rig)
      await next
    }
    const wanted = rig.short ? 500 : 20_000
    await until(async () => clients.occurrences() >= wanted, 120_000, `${wanted} occurrences`)
    await rig.quiet()
    await rig.judge()
    const sent = await rig.receiver.count()
    rig.check('callbacks that arrived', sent >= wanted, `${sent}, at least ${wanted}`)
    rig.note('workers killed', times)
  },
}
