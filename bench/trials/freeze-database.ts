// The database stands still for longer than a lease and goes on: the workers do too, and nothing is lost.
import { readdirSync, readFileSync } from 'node:fs'
import { insertOnceJobs, until, verdict, wait, withRig } from '../rig.ts'

export async function freezeDatabase(args: string[]): Promise<void> {
  const seconds = Number(args[0] ?? 14)
  const count = 600
  await withRig(async ({ pool, embedded, receiver, workers, startWorkers }) => {
    if (!embedded) throw new Error('This trial stops the embedded Postgres; unset TRIAL_DATABASE_URL.')
    await startWorkers(2)
    await insertOnceJobs(pool, count, new Date(Date.now() + 500), `${receiver.origin}/?delay=2000`)
    await until(async () => (await receiver.count()) >= 100, 30_000, 'a hundred callbacks')
    const pids = [embedded.pid(), ...childrenOf(embedded.pid())]
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    console.log(`froze ${pids.length} processes of the database for ${seconds} s`)
    await wait(seconds * 1_000)
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    const back = performance.now()
    const succeeded = async () => {
      const { rows } = await pool.query(`select count(*)::int as n from executions where state = 'succeeded'`)
      return rows[0].n >= count
    }
    await until(succeeded, 120_000, 'all executions to succeed')
    console.log(`all succeeded ${((performance.now() - back) / 1_000).toFixed(1)} s after it went on`)
    const arrivals = await receiver.arrivals()
    const ids = new Set(arrivals.map((it) => it.id))
    const { rows } = await pool.query(
      `select count(*)::int as n from workers where heartbeat_at > now() - interval '10 seconds'`,
    )
    const result = verdict()
    result.check('executions delivered', ids.size === count, `${ids.size} of ${count}`)
    result.check('doubled: at most what was in flight', arrivals.length - ids.size <= 200, arrivals.length - ids.size)
    result.check('workers that beat', rows[0].n === 2, rows[0].n)
    result.check(
      'no worker exited',
      workers.every(({ process: { exitCode, signalCode } }) => exitCode === null && !signalCode),
    )
    result.end()
  })
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
        return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === parent
      } catch {
        return false
      }
    })
}
