// N one-time jobs due in the same second. Prints lateness and drain rate as the receiver saw them.
import { insertOnceJobs, percentile, until, verdict, wait, withRig } from './rig.ts'

export async function herd(args: string[]): Promise<void> {
  const count = Number(args[0] ?? 10_000)
  const workers = Number(args[1] ?? 2)
  await withRig(async ({ pool, receiver, startWorkers }) => {
    await startWorkers(workers)
    await wait(2_000)
    const due = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000)
    await insertOnceJobs(pool, count, due, `${receiver.origin}/herd`)
    await until(async () => (await receiver.count()) >= count, 120_000, 'all callbacks')
    const { rows } = await pool.query(`select count(*)::int as n from executions where state = 'succeeded'`)
    const arrivals = await receiver.arrivals()
    const lateness = arrivals.map((it) => it.at - it.scheduledFor)
    const last = Math.max(...lateness)
    const result = verdict()
    result.check('callbacks', arrivals.length === count, arrivals.length)
    result.check('distinct executions', new Set(arrivals.map((it) => it.id)).size === count)
    result.check('early', Math.min(...lateness) >= 0, `${Math.min(...lateness).toFixed(1)} ms is the earliest`)
    console.log(`recorded as succeeded when the last arrived: ${rows[0]?.n}`)
    console.log(`lateness p50 ${percentile(lateness, 50).toFixed(0)} ms, p99 ${percentile(lateness, 99).toFixed(0)} ms`)
    console.log(`drain rate ${((count / last) * 1_000).toFixed(0)} /s`)
    result.end()
  })
}
