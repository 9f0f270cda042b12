// Wall clocks that are wrong, each by something else, one of which jumps: whether something is due is the database's to say.
import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { wait } from '../../bench/until.ts'
import type { Rig, Scenario } from '../scenario.ts'

const HOUR_MS = 3_600_000
/** How far a signature's time may be from the true one, ms, beside what the machine holds up. */
const STAMP_MS = 2_000

export const clocks: Scenario = {
  name: 'clocks',
  what: 'The wall clocks of three workers and the API are wrong by an hour ahead, an hour behind and five minutes; that of a fourth jumps.',

  async run(rig) {
    const holdUps = watchHoldUps()
    const jumps = Array.from({ length: 20 }, () => rig.dice.int(-HOUR_MS, HOUR_MS))
    const offsets = [[HOUR_MS], [-HOUR_MS], [300_000], jumps]
    // Too few places for the quickest of them to send all by itself: each has to.
    const places = { WORKER_CONCURRENCY: rig.short ? '2' : '20' }
    await Promise.all(offsets.map((them) => rig.startWorkers(1, { ...wrongBy(them), ...places })))
    await rig.startApi(wrongBy([-HOUR_MS]))
    // What is due by a clock that is ahead, and by one that jumps there, is what would be early.
    rig.startLoad({
      intervals: rig.short ? 50 : 400,
      everyMs: 2_000,
      oncePerSecond: rig.short ? 20 : 60,
      changesPerSecond: rig.short ? 2 : 10,
      delayMs: 50,
    })
    // No fault: a wrong clock is no reason for anything.
    await wait(rig.short ? 6_000 : 60_000)
    await rig.quiet()
    await rig.judge({ duplicates: 0 })
    await judgeStamps(rig, STAMP_MS + holdUps.longestMs())
  },
}

function wrongBy(offsetsMs: number[]): Record<string, string> {
  const preload = new URL('../../apps/worker/test/wrong-clock.ts', import.meta.url)
  return {
    NODE_OPTIONS: `--import=${preload.href}`,
    CLOCK_OFFSET_MS: offsetsMs.join(','),
    CLOCK_JUMP_MS: '700',
  }
}

/** The times that requests are signed with, by the receiver's clock; and those that the ledger has of attempts. */
async function judgeStamps(rig: Rig, withinMs: number): Promise<void> {
  const arrivals = await rig.receiver.arrivals()
  const off = arrivals.map((it) => Math.abs(it.at - (it.stampedAt ?? Number.NaN)))
  const wrong = off.filter((ms) => !(ms <= withinMs)).length
  const holds = wrong === 0 && off.length > 0
  rig.check(
    `requests signed with a time that is ${(withinMs / 1_000).toFixed(1)} s off`,
    holds,
    `${wrong} of ${off.length}`,
  )
  const { rows } = await rig.pool.query(`
    select count(distinct worker_id)::int as workers,
      max(abs(extract(epoch from clock_timestamp() - finished_at)))::int as age,
      min(extract(epoch from finished_at - started_at) * 1000)::int as shortest,
      max(extract(epoch from finished_at - started_at) * 1000)::int as longest
    from attempts`)
  const [{ workers, age, shortest, longest }] = rows
  rig.check('workers that sent', workers === rig.workers.length, workers)
  rig.check('attempts in the ledger are of these minutes', age < 600, `${age} s ago at the most`)
  rig.check('how long they took, ms', shortest >= 0 && longest < 30_000, `${shortest} to ${longest}`)
}
