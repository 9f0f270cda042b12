// A network between the workers and one of two destinations: what is lost there is attempted again, and the other one notices nothing.
import type { Pool } from '@scheduler/db/client'
import { percentile } from '../../bench/figures.ts'
import { wait } from '../../bench/until.ts'
import { type FaultyWay, type Network, startProxy } from '../faults/proxy.ts'
import type { Rig, Scenario } from '../scenario.ts'

/** What p99 of the destination beside it may be, ms. */
const NEIGHBOUR_P99_MS = 1_000

export const networkReceivers: Scenario = {
  name: 'network-receivers',
  what: 'The way to one of two destinations is slow, cut, silent, and is reset after the request was passed on, so that its answer is lost.',

  async run(rig) {
    // The same receiver twice: by a network of its own it is another destination.
    const proxy = await startProxy(rig.receiver.origin, rig.dice)
    try {
      await rig.startWorkers(rig.short ? 2 : 4, { CIRCUIT_RESET_TIMEOUT: '1' })
      await rig.startApi()
      const load = {
        intervals: rig.short ? 20 : 80,
        everyMs: 2_000,
        oncePerSecond: rig.short ? 5 : 20,
        changesPerSecond: 0,
        delayMs: 50,
      }
      rig.startLoad({
        ...load,
        origin: proxy.url,
        retry: { limit: 20, min_backoff_seconds: 1, max_backoff_seconds: 4 },
      })
      rig.startLoad(load)
      await wait(2_000)
      for (let n = 0; n < (rig.short ? 3 : 12); n += 1) await passing(rig, proxy)
      await rig.quiet(180_000)
      await rig.judge({ lateMs: 60_000 })
      await judgeNeighbour(rig)
      await judgeRetries(rig)
    } finally {
      await proxy.close()
    }
  },
}

async function passing(rig: Rig, proxy: FaultyWay): Promise<void> {
  const { dice } = rig
  const [kind, begin] = dice.pick(kinds(dice))
  await rig.fault({ kind: `receiver ${kind}`, pids: null, mayRepeat: true }, async (fault) => {
    const before = await proxy.unanswered()
    await begin(proxy)
    await wait(rig.short ? 1_000 : dice.int(1_000, 5_000))
    await proxy.heal()
    // Each request whose answer is lost is one that the receiver may have had.
    fault.inFlight = (await proxy.unanswered()) - before
  })
  await wait(rig.short ? 500 : dice.int(1_000, 3_000))
}

type Kind = [name: string, begin: (proxy: FaultyWay) => Promise<unknown>]

function kinds(dice: Rig['dice']): Kind[] {
  const set = (network: Partial<Network>) => (proxy: FaultyWay) => proxy.set(network)
  const delayMs = dice.int(50, 500)
  return [
    [`${delayMs} ms away`, set({ delayMs, jitterMs: delayMs })],
    ['cut off', (proxy) => proxy.cut()],
    ['silent', set({ silent: 'all' })],
    ['silent on what was open', set({ silent: 'open' })],
    ['reset', (proxy) => proxy.reset()],
    ['losing one answer in three', set({ losesAnswers: 0.33 })],
    ['losing all answers', set({ losesAnswers: 1 })],
  ]
}

/** Of the destination that nothing was done to. */
async function judgeNeighbour(rig: Rig): Promise<void> {
  const ids = await executionsOf(rig.pool, rig.receiver.origin)
  const arrivals = (await rig.receiver.arrivals()).filter((it) => ids.has(it.id))
  const p99 = percentile(
    arrivals.map((it) => it.at - it.scheduledFor),
    99,
  )
  rig.check('p99 lateness of the other destination', p99 <= NEIGHBOUR_P99_MS, `${p99.toFixed(0)} ms`)
  rig.check(
    'callbacks of the other destination, each once',
    arrivals.length === ids.size,
    `${arrivals.length} of ${ids.size}`,
  )
}

async function executionsOf(pool: Pool, destination: string): Promise<Set<string>> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from executions where destination = $1 and state = 'succeeded'`,
    [destination],
  )
  return new Set(rows.map(({ id }) => id))
}

/** What failed was attempted again with the same id, and all succeeded in the end. */
async function judgeRetries(rig: Rig): Promise<void> {
  const { rows } = await rig.pool.query(
    `select count(*) filter (where a.outcome <> 'succeeded')::int as failed,
       count(distinct e.id) filter (where e.state = 'failed')::int as dead
     from executions e join attempts a on a.execution_id = e.id`,
  )
  const byId = Map.groupBy(await rig.receiver.arrivals(), (it) => it.id)
  const again = [...byId.values()].filter((them) => them.length > 1)
  const same = again.every((them) => new Set(them.map((it) => `${it.job} ${it.scheduledFor}`)).size === 1)
  rig.check('executions that failed for good', rows[0].dead === 0, rows[0].dead)
  rig.check('repeated requests have the same webhook-id, job and nominal time', same && again.length > 0, again.length)
  rig.note('attempts that failed', rows[0].failed)
}
