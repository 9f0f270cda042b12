// Four workers, 200 jobs every 2 s for 59 s: each occurrence once, and nothing else.
import { createIntervalJob, percentile, until, verdict, wait, withRig } from '../rig.ts'

export async function intervals(args: string[]): Promise<void> {
  const jobs = Number(args[0] ?? 200)
  const workers = Number(args[1] ?? 4)
  const seconds = Number(args[2] ?? 59)
  const expected = jobs * (Math.floor(seconds / 2) + 1)
  await withRig(async ({ pool, receiver, startWorkers }) => {
    await startWorkers(workers)
    const start = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 4_000)
    const end = new Date(start.getTime() + seconds * 1_000)
    for (let n = 0; n < jobs; n += 1) {
      await createIntervalJob(pool, { seconds: 2, start, end, callbackUrl: `${receiver.origin}/${n}` })
    }
    await until(async () => (await receiver.count()) >= expected, (seconds + 60) * 1_000, `${expected} callbacks`)
    await wait(3_000)
    const arrivals = await receiver.arrivals()
    const lateness = arrivals.map((it) => it.at - it.scheduledFor)
    const occurrences = new Set(arrivals.map((it) => `${it.job} ${it.scheduledFor}`))
    const { rows } = await pool.query(
      `select (select count(*)::int from executions where state = 'succeeded') as succeeded,
         (select count(*)::int from executions where state <> 'succeeded') as others,
         (select count(*)::int from jobs where status = 'completed') as completed,
         (select count(*)::int from pgboss.job where name = 'deliver') as items`,
    )
    const result = verdict()
    result.check('callbacks', arrivals.length === expected, `${arrivals.length} of ${expected}`)
    result.check('occurrences, each once', occurrences.size === expected, occurrences.size)
    result.check('ledger: succeeded', rows[0].succeeded === expected, rows[0].succeeded)
    result.check('ledger: anything else', rows[0].others === 0, rows[0].others)
    result.check('jobs completed', rows[0].completed === jobs, rows[0].completed)
    result.check('items left in the queue', rows[0].items === 0, rows[0].items)
    result.check('early', Math.min(...lateness) >= 0)
    console.log(`lateness p50 ${percentile(lateness, 50).toFixed(0)} ms, p99 ${percentile(lateness, 99).toFixed(0)} ms`)
    result.end()
  })
}
