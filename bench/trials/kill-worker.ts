// SIGKILL of one of three workers in the middle of slow callbacks: none lost, only what was in flight is doubled.
import { insertOnceJobs, until, verdict, wait, withRig } from '../rig.ts'

export async function killWorker(args: string[]): Promise<void> {
  const count = Number(args[0] ?? 2_000)
  await withRig(async ({ pool, receiver, workers, startWorkers }) => {
    await startWorkers(3)
    await insertOnceJobs(pool, count, new Date(Date.now() + 1_000), `${receiver.origin}/slow?delay=2000`)
    await until(async () => (await receiver.count()) >= count / 4, 120_000, 'a quarter of the callbacks')
    const victim = workers[0]
    const { rows: flying } = await pool.query(
      `select count(*)::int as n from executions e join workers w on w.id = e.claimed_by
       where e.state = 'running' and w.pid = $1`,
      [victim?.process.pid],
    )
    await victim?.end('SIGKILL')
    const killedAt = performance.timeOrigin + performance.now()
    console.log(`killed worker ${victim?.process.pid} with ${flying[0].n} attempts recorded in flight`)
    const settled = async () => {
      const { rows } = await pool.query(`select count(*)::int as n from executions where state = 'succeeded'`)
      return rows[0].n >= count
    }
    await until(settled, 240_000, 'all executions to succeed')
    await wait(1_000)
    const arrivals = await receiver.arrivals()
    const ids = Map.groupBy(arrivals, (it) => it.id)
    const doubled = [...ids.values()].filter((them) => them.length > 1)
    const redelivery = Math.max(0, ...doubled.map((them) => (them.at(-1)?.at ?? 0) - killedAt)) / 1_000
    const { rows: attempts } = await pool.query(`select count(*)::int as n from attempts where outcome = 'abandoned'`)
    const result = verdict()
    result.check('executions delivered', ids.size === count, `${ids.size} of ${count}`)
    result.check('doubled at most what was in flight (50 to one destination)', doubled.length <= 50, doubled.length)
    result.check(
      'doubles have the same webhook-id and a higher attempt',
      doubled.every((them) => new Set(them.map((it) => it.attempt)).size === them.length),
    )
    result.check('abandoned attempts in the ledger', attempts[0].n >= doubled.length, attempts[0].n)
    result.check('last redelivery after the kill', redelivery <= 20, `${redelivery.toFixed(1)} s`)
    result.end()
  })
}
