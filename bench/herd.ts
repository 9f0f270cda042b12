// N one-time jobs due in the same second. Prints lateness and drain rate as the receiver saw them.
import { cpuSeconds } from './cpu.ts'
import { insertOnceJobs, percentile, until, verdict, wait, withRig } from './rig.ts'

export async function herd(args: string[]): Promise<void> {
  const count = Number(args[0] ?? 10_000)
  const workers = Number(args[1] ?? 2)
  await withRig(async ({ pool, embedded, receiver, workers: processes, startWorkers }) => {
    const pids = () => processes.map((it) => it.process.pid ?? 0)
    const cpu = () => ({
      workers: pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
      database: embedded ? cpuSeconds(embedded.pid()) : Number.NaN,
    })
    await startWorkers(workers)
    await wait(2_000)
    const due = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000)
    const statements = async () =>
      Number((await pool.query('select sum(xact_commit) as n from pg_stat_database')).rows[0].n)
    await insertOnceJobs(pool, count, due, `${receiver.origin}/herd`)
    const before = { ...cpu(), commits: await statements() }
    await until(async () => (await receiver.count()) >= count, 120_000, 'all callbacks')
    const after = { ...cpu(), commits: await statements() }
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
    const each = (seconds: number) => `${((seconds * 1_000) / count).toFixed(3)} ms`
    console.log(
      `CPU per execution: workers ${each(after.workers - before.workers)}, database ${each(after.database - before.database)}`,
    )
    console.log(`transactions per execution ${((after.commits - before.commits) / count).toFixed(3)}`)
    result.end()
  })
}
