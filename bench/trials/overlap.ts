// Receivers slower than the interval, four workers, one of which is killed: what each overlap policy lets through.
import { type OverlapPolicy, overlapPolicies } from '@scheduler/core/schedule'
import type { Arrival } from '../receiver.ts'
import { createIntervalJob, until, verdict, wait, withRig } from '../rig.ts'

const DELAY_MS = 2_500

export async function overlap(args: string[]): Promise<void> {
  const each = Number(args[0] ?? 10)
  const seconds = Number(args[1] ?? 40)
  await withRig(async ({ pool, receiver, workers, startWorkers }) => {
    await startWorkers(4)
    const start = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 2_000)
    const end = new Date(start.getTime() + (seconds - 1) * 1_000)
    const policyOf = new Map<string, OverlapPolicy>()
    for (const policy of overlapPolicies) {
      for (let n = 0; n < each; n += 1) {
        const callbackUrl = `${receiver.origin}/${policy}?delay=${DELAY_MS}`
        policyOf.set(await createIntervalJob(pool, { seconds: 1, start, end, callbackUrl, overlap: policy }), policy)
      }
    }
    await wait(start.getTime() - Date.now() + (seconds * 1_000) / 4)
    const { rows: flying } = await pool.query(
      `select count(*)::int as n from executions e join workers w on w.id = e.claimed_by
       where e.state = 'running' and w.pid = $1`,
      [workers[0]?.process.pid],
    )
    await workers[0]?.end('SIGKILL')
    const killedAt = performance.timeOrigin + performance.now()
    console.log(`killed one of four workers with ${flying[0].n} attempts recorded in flight`)
    await wait(end.getTime() - Date.now() + 1_000)
    const unfinished = async () =>
      Number((await pool.query('select count(*)::int as n from executions where finished_at is null')).rows[0].n)
    await until(async () => (await unfinished()) === 0, 60_000 + seconds * DELAY_MS, 'all executions to finish')
    await wait(500)

    const result = verdict()
    const byJob = Map.groupBy(await receiver.arrivals(), (it) => it.job)
    for (const policy of overlapPolicies) {
      const jobs = [...policyOf].filter(([, it]) => it === policy).map(([id]) => id)
      const sent = jobs.map((id) => (byJob.get(id) ?? []).toSorted((a, b) => a.at - b.at))
      const most = Math.max(...sent.map(mostAtOnce))
      const total = sent.reduce((sum, them) => sum + them.length, 0)
      const resumed = Math.max(...sent.map((them) => (them.find((it) => it.at > killedAt)?.at ?? Infinity) - killedAt))
      const { rows } = await pool.query(
        `select coalesce(reason::text, state::text) as what, sum(count)::int as n from executions where job_id = any($1)
         group by 1 order by 1`,
        [jobs],
      )
      const accounted = rows.reduce((sum, it) => sum + it.n, 0)
      console.log(`${policy}: ${total} arrivals, ${rows.map((it) => `${it.n} ${it.what}`).join(', ')}`)
      if (policy !== 'allow') result.check(`${policy}: attempts of one job at once`, most === 1, most)
      else result.check('allow: attempts of one job at once', most >= 2, most)
      result.check(
        `${policy}: occurrences accounted for`,
        accounted === each * seconds,
        `${accounted} of ${each * seconds}`,
      )
      result.check(
        `${policy}: next attempt of the slowest job after the kill`,
        resumed < 20_000,
        `${resumed.toFixed(0)} ms`,
      )
    }
    result.end()
  })
}

/** How many requests of one job were open at the same time, at the most. */
function mostAtOnce(arrivals: Arrival[]): number {
  return Math.max(
    0,
    ...arrivals.map(
      (one) => arrivals.filter((other) => other.at <= one.at && (other.endedAt ?? Infinity) > one.at).length,
    ),
  )
}
