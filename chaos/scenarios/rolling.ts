import { wait } from '../../bench/until.ts'
import { endWorker } from '../faults/processes.ts'
import type { Rig, Scenario } from '../scenario.ts'

const DELAY_MS = 500
/** How long a worker may drain; the default. */
const DRAIN_MS = 30_000

export const rolling: Scenario = {
  name: 'rolling',
  what: 'SIGTERM of one worker after the other under load with callbacks in flight, each replaced first, and of the API.',
  async run(rig) {
    const rounds = rig.short ? 1 : 3
    // Room for all that is in flight on one worker less: what is late then is late for the end of the others.
    const env = { DESTINATION_CONCURRENCY: '100' }
    await rig.startApi()
    await rig.startWorkers(rig.short ? 2 : 4, env)
    const clients = rig.startLoad({
      intervals: rig.short ? 60 : 200,
      everyMs: 2_000,
      oncePerSecond: 5,
      changesPerSecond: 5,
      delayMs: DELAY_MS,
    })
    await wait(5_000)
    const ends: { code: number | null; ms: number }[] = []
    for (let n = 0; n < rounds; n += 1) {
      for (const worker of [...rig.workers]) {
        await rig.startWorkers(1, env)
        ends.push(await endWorker(rig, worker))
      }
      await replaceApi(rig)
    }
    await rig.quiet()
    // A worker that has just started sends few at once until the receiver has answered it.
    await rig.judge({ duplicates: 0, lateMs: 5_000 })
    const { 'no answer': unanswered = 0, 503: away = 0 } = clients.answers()
    rig.check('calls that were not answered, or with 503', unanswered + away === 0, unanswered + away)
    const slowest = Math.max(...ends.map((it) => it.ms))
    rig.check(
      'exit codes other than 0',
      ends.every((it) => it.code === 0),
      ends.filter((it) => it.code !== 0).length,
    )
    rig.check('slowest end, ms', slowest <= DRAIN_MS, `${slowest.toFixed(0)}, at most ${DRAIN_MS}`)
    rig.note('workers ended', ends.length)
  },
}

/** Another takes the calls before the one ends, as behind any load balancer: nobody's call is lost. */
async function replaceApi(rig: Rig): Promise<void> {
  const [old] = rig.apis
  const next = await rig.startApi()
  rig.apis.splice(0, rig.apis.length, next)
  const code = await old?.end('SIGTERM')
  rig.check('the API ends with 0', code === 0, code ?? 'a signal')
}
