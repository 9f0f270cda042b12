// Networks between single processes of ours and the database: each has one of its own, and they fail one by one.
import type { Worker } from '../../bench/processes.ts'
import { until, wait } from '../../bench/until.ts'
import { flyingOf, stillWith } from '../faults/flying.ts'
import { type FaultyWay, type Network, startProxy } from '../faults/proxy.ts'
import type { Rig, Scenario } from '../scenario.ts'

/** What a worker that is cut off may take to be replaced: its lease, the leader's if it led, and the looks of both. */
const TAKEN_OVER_MS = 25_000
/** A worker whose statements are given up after ten seconds has to be at work again by then. */
const RESUMED_MS = 15_000

interface Reached {
  name: string
  proxy: FaultyWay
  /** Null for the API. */
  worker: Worker | null
}

export const networkDatabase: Scenario = {
  name: 'network-database',
  what: 'The ways to the database of single workers and of the API are slow, cut, silent for longer than a lease, reset, and lose answers.',

  async run(rig) {
    const all: Reached[] = []
    try {
      for (const name of ['worker 1', 'worker 2', 'worker 3', 'worker 4', 'API']) {
        all.push({ name, proxy: await startProxy(rig.url, rig.dice), worker: null })
      }
      const [leader, ...others] = all as [Reached, ...Reached[]]
      await begin(rig, leader)
      await until(() => hasLeader(rig), 20_000, 'the first worker to lead')
      await Promise.all(others.map((it) => begin(rig, it)))
      rig.startLoad({
        intervals: rig.short ? 50 : 200,
        everyMs: 2_000,
        oncePerSecond: rig.short ? 10 : 40,
        changesPerSecond: rig.short ? 2 : 8,
        delayMs: 800,
      })
      await wait(rig.short ? 2_000 : 4_000)
      // Longer than a lease, which is ten seconds: not in the short form. The leader is the one whose absence costs most.
      if (!rig.short) await silence(rig, leader)
      for (let n = 0; n < (rig.short ? 3 : 14); n += 1) await passing(rig, all)
      await rig.quiet()
      await rig.judge()
    } finally {
      await Promise.all(all.map(({ proxy }) => proxy.close()))
    }
  },
}

async function begin(rig: Rig, reached: Reached): Promise<void> {
  const env = { DATABASE_URL: reached.proxy.url }
  if (reached.name === 'API') await rig.startApi(env)
  else [reached.worker = null] = await rig.startWorkers(1, env)
}

/** Nobody else takes a session's lock in this database. */
async function hasLeader({ pool }: Rig): Promise<boolean> {
  const { rowCount } = await pool.query(`select from pg_locks where locktype = 'advisory' and granted`)
  return rowCount === 1
}

/** Something for a few seconds, on some of the ways. No lease runs out, so nothing has to be sent again. */
async function passing(rig: Rig, all: Reached[]): Promise<void> {
  const { dice } = rig
  const hit = dice.some(all, 3)
  const [kind, begin] = dice.pick(kinds(dice))
  const lastsMs = rig.short ? 1_000 : dice.int(1_000, 4_000)
  const pids = hit.flatMap(({ worker }) => worker?.process.pid ?? [])
  await rig.fault({ kind: `database ${kind} for ${namesOf(hit)}`, pids, mayRepeat: false }, async () => {
    await Promise.all(hit.map(({ proxy }) => begin(proxy)))
    await wait(lastsMs)
    await Promise.all(hit.map(({ proxy }) => proxy.heal()))
  })
  await wait(rig.short ? 500 : dice.int(500, 2_000))
}

type Kind = [name: string, begin: (proxy: FaultyWay) => Promise<unknown>]

function kinds(dice: Rig['dice']): Kind[] {
  const set = (network: Partial<Network>) => (proxy: FaultyWay) => proxy.set(network)
  const delayMs = dice.int(50, 500)
  return [
    [`${delayMs} ms away`, set({ delayMs, jitterMs: delayMs / 2 })],
    ['cut off', (proxy) => proxy.cut()],
    ['refusing new connections', set({ refuses: true })],
    ['silent', set({ silent: 'all' })],
    ['silent on what was open', set({ silent: 'open' })],
    ['at 50 kB/s', set({ bytesPerSecond: 50_000 })],
    ['reset', (proxy) => proxy.reset()],
    ['losing one answer in twenty', set({ losesAnswers: 0.05 })],
  ]
}

const namesOf = (hit: Reached[]) => hit.map(({ name }) => name).join(', ')

/**
 * One worker hears nothing for longer than its lease lasts: its work is taken over. Then new connections get through, and those of
 * before never say anything again: it has to give them up by itself.
 */
async function silence(rig: Rig, { name, proxy, worker }: Reached): Promise<void> {
  const pid = worker?.process.pid
  const kind = `database silent for ${name}, longer than its lease`
  const took = { over: 0, up: 0 }
  let flying: string[] = []
  await rig.fault({ kind, pids: pid ? [pid] : [], mayRepeat: true }, async (fault) => {
    const meetsSome = async () => {
      await proxy.set({ silent: 'all' })
      flying = await flyingOf(rig.pool, pid)
      if (flying.length === 0) await proxy.heal()
      return flying.length > 0
    }
    await until(meetsSome, 20_000, 'attempts on the worker that is to be cut off')
    const since = performance.now()
    fault.inFlight = flying.length
    await until(async () => (await stillWith(rig.pool, pid, flying)) === 0, 60_000, 'its executions to be taken over')
    took.over = performance.now() - since
    // By then it has noticed by itself.
    await wait(Math.max(0, 16_000 - took.over))
    await proxy.set({ silent: 'open' })
    took.up = await untilItBegins(rig, pid)
    await proxy.heal()
  })
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  rig.note('attempts in flight on the worker that was cut off', flying.length)
  rig.check('its work was taken over', took.over <= TAKEN_OVER_MS, seconds(took.over))
  rig.check('at work once new connections got through', took.up <= RESUMED_MS, seconds(took.up))
}

/** Until a worker begins an attempt. Returns how long that took, ms. */
async function untilItBegins(rig: Rig, pid: number | undefined): Promise<number> {
  const since = performance.now()
  const { rows } = await rig.pool.query('select clock_timestamp() as at')
  const begins = async () => {
    const { rowCount } = await rig.pool.query(
      `select from attempts a join workers w on w.id = a.worker_id where w.pid = $1 and a.started_at > $2 limit 1`,
      [pid, rows[0].at],
    )
    return rowCount === 1
  }
  await until(begins, 60_000, 'the worker that was cut off to begin attempts again')
  return performance.now() - since
}
