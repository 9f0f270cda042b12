// The primary is killed under load and a synchronous standby takes over behind one address: nothing is lost, none of ours exits.
import { createPool, type Pool } from '@scheduler/db/client'
import { openWay } from '../proxy.ts'
import { insertOnceJobs, percentile, until, verdict, wait, withRig } from '../rig.ts'
import { startStandby } from '../standby.ts'

export async function failover(args: string[]): Promise<void> {
  const count = Number(args[0] ?? 1_000)
  await withRig(async ({ pool, embedded, receiver, workers, startWorkers, startApi }) => {
    if (!embedded) throw new Error('This trial kills the embedded Postgres; unset TRIAL_DATABASE_URL.')
    const standby = await startStandby(embedded)
    const way = await openWay(embedded.url)
    const after = createPool(standby.url, { max: 2, queryMs: 60_000, name: 'trial' })
    try {
      const creating = createAgainAndAgain(await startApi({ DATABASE_URL: way.url }), `${receiver.origin}/created`)
      await startWorkers(3, { DATABASE_URL: way.url })
      await insertOnceJobs(pool, count, new Date(Date.now() + 1_000), `${receiver.origin}/herd?delay=500`)
      await until(async () => (await receiver.count()) >= count / 4, 60_000, 'a quarter of the callbacks')

      const began = performance.now()
      way.cut()
      process.kill(embedded.pid(), 'SIGKILL')
      await standby.promote()
      // Some more, as it takes to notice: longer than a claim lasts.
      await wait(12_000)
      way.lead(standby.url)
      const led = performance.now()
      const before = await receiver.count()
      await until(async () => (await receiver.count()) > before, 30_000, 'a callback after the failover')
      console.log(
        `failover ${((led - began) / 1_000).toFixed(1)} s, the first callback ${(performance.now() - led).toFixed(0)} ms after it`,
      )
      await wait(3_000)
      const created = await creating.stop()

      const jobs = count + created.length
      await until(async () => (await finished(after)) >= jobs, 90_000, 'every execution to be finished')
      const arrivals = await receiver.arrivals()
      const byId = Map.groupBy(arrivals, (it) => it.id)
      const result = verdict()
      const { rows: kept } = await after.query('select count(*)::int as n from jobs where id = any($1)', [created])
      result.check(
        'jobs whose creation was answered',
        kept[0].n === created.length,
        `${kept[0].n} of ${created.length}`,
      )
      result.check('executions delivered', byId.size >= jobs, `${byId.size} of ${jobs}`)
      const { rows } = await after.query(`select count(*)::int as n from executions where state <> 'succeeded'`)
      result.check('not succeeded', rows[0].n === 0, rows[0].n)
      const doubled = [...byId.values()].filter((them) => them.length > 1).length
      result.check('doubled at most what was in flight (50 a worker to one destination)', doubled <= 150, doubled)
      result.check(
        'processes that ended',
        workers.every((it) => it.process.exitCode === null && it.process.signalCode === null),
      )
      const lateness = arrivals.map((it) => it.at - it.scheduledFor)
      console.log(`lateness p99 ${(percentile(lateness, 99) / 1_000).toFixed(1)} s`)
      result.end()
    } finally {
      await after.end()
      way.close()
      await Promise.all(workers.map((it) => it.end('SIGKILL')))
      await standby.stop()
    }
  })
}

async function finished(pool: Pool): Promise<number> {
  const { rows } = await pool.query('select count(*)::int as n from executions where finished_at is not null')
  return rows[0].n
}

/** Creates jobs for now; `stop` returns the ids of those whose creation was answered. */
function createAgainAndAgain(origin: string, callbackUrl: string) {
  const ids: string[] = []
  let stopped = false
  const loop = async () => {
    while (!stopped) {
      const body = JSON.stringify({
        schedule_time: new Date(Date.now() + 200).toISOString(),
        callback_url: callbackUrl,
        retry: { limit: 0 },
      })
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${origin}/jobs`, { method: 'POST', headers, body }).catch(() => null)
      if (answer?.status === 201) ids.push(((await answer.json()) as { job_id: string }).job_id)
      await wait(50)
    }
  }
  const running = loop()
  return {
    async stop() {
      stopped = true
      await running
      return ids
    },
  }
}
