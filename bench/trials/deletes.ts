// 200 deletes and 200 pauses in the middle of a load: not one attempt starts after its answer.
import { overlapPolicies } from '@scheduler/core/schedule'
import { createIntervalJob, until, verdict, wait, withRig } from '../rig.ts'

export async function deletes(args: string[]): Promise<void> {
  const each = Number(args[0] ?? 200)
  await withRig(async ({ pool, receiver, startWorkers, startApi }) => {
    const api = await startApi()
    await startWorkers(2)
    const start = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 4_000)
    const jobs: string[] = []
    for (let n = 0; n < 2 * each; n += 1) {
      // Spread over the second, so that at any moment some are due, some queued and some in flight.
      const first = new Date(start.getTime() + ((n * 37) % 1_000))
      // Of every overlap policy, and every third slower than its interval: some have executions that wait for their turn.
      const overlap = overlapPolicies[n % overlapPolicies.length]
      const callbackUrl = `${receiver.origin}/?delay=${n % 3 === 0 ? 1_500 : 20}`
      jobs.push(await createIntervalJob(pool, { seconds: 1, start: first, callbackUrl, ...(overlap && { overlap }) }))
    }
    await until(async () => (await receiver.count()) >= 4 * each, 60_000, 'the load to run')
    const answeredAt = new Map<string, number>()
    const call = async (job: string, n: number) => {
      const deleting = n % 2 === 0
      const answer = deleting
        ? await fetch(`${api}/jobs/${job}`, { method: 'DELETE' })
        : await fetch(`${api}/jobs/${job}/pause`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: '{}',
          })
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
      answeredAt.set(job, performance.timeOrigin + performance.now())
      await answer.arrayBuffer()
    }
    const queue = jobs.map((job, n) => ({ job, n }))
    const caller = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        await call(next.job, next.n)
        await wait(20)
      }
    }
    const began = performance.now()
    await Promise.all(Array.from({ length: 10 }, caller))
    console.log(`${2 * each} calls answered in ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    await wait(5_000)
    const arrivals = await receiver.arrivals()
    const after = arrivals.filter((it) => it.at > (answeredAt.get(it.job) ?? Number.POSITIVE_INFINITY))
    const nearest = Math.max(...arrivals.map((it) => it.at - (answeredAt.get(it.job) ?? Number.POSITIVE_INFINITY)))
    const { rows } = await pool.query(`select count(*)::int as n from executions where finished_at is null`)
    const { rows: cancelled } = await pool.query(
      `select reason::text, count(*)::int as n from executions where state = 'cancelled' group by 1 order by 1`,
    )
    console.log(
      `cancelled: ${cancelled.map((it) => `${it.n} ${it.reason}`).join(', ') || 'none'}; arrivals: ${arrivals.length}`,
    )
    const result = verdict()
    result.check('attempts that began after the answer', after.length === 0, after.length)
    result.check('latest arrival before its answer', nearest < 0, `${(-nearest).toFixed(1)} ms before`)
    result.check('executions left unfinished', rows[0].n === 0, rows[0].n)
    result.end()
  })
}
