// Three SIGKILLs of the embedded Postgres under load: nothing of ours exits, nothing is lost, nothing doubled.
import { createIntervalJob, until, verdict, wait, withRig } from '../rig.ts'

export async function killDatabase(args: string[]): Promise<void> {
  const jobs = Number(args[0] ?? 200)
  const kills = Number(args[1] ?? 3)
  await withRig(async ({ pool, embedded, receiver, workers, startWorkers, startApi }) => {
    if (!embedded) throw new Error('This trial kills the embedded Postgres; unset TRIAL_DATABASE_URL.')
    const asking = askAgainAndAgain(await startApi())
    await startWorkers(3)
    const start = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000)
    const end = new Date(start.getTime() + (kills * 10 + 10) * 1_000)
    for (let n = 0; n < jobs; n += 1) {
      await createIntervalJob(pool, { seconds: 2, start, end, callbackUrl: `${receiver.origin}/${n}?delay=100` })
    }
    await wait(start.getTime() - Date.now() + 4_500)
    const recoveries: number[] = []
    for (let n = 0; n < kills; n += 1) {
      process.kill(embedded.pid(), 'SIGKILL')
      const killedAt = performance.now()
      await wait(200)
      await until(async () => (await pool.query('select 1')).rowCount === 1, 30_000, 'the database')
      const backAt = performance.now()
      const before = await receiver.count()
      await until(async () => (await receiver.count()) > before, 30_000, 'a callback after the database came back')
      recoveries.push((performance.now() - backAt) / 1_000)
      console.log(`kill ${n + 1}: database back after ${((backAt - killedAt) / 1_000).toFixed(1)} s`)
      await wait(8_000)
    }
    const expected = jobs * (Math.floor((end.getTime() - start.getTime()) / 2_000) + 1)
    const accounted = async () => {
      const { rows } = await pool.query(
        'select coalesce(sum(count), 0)::int as n from executions where finished_at is not null',
      )
      return rows[0].n >= expected
    }
    await until(accounted, 60_000, 'every occurrence to be in the ledger')
    const answers = await asking.stop()
    await wait(2_000)
    const arrivals = await receiver.arrivals()
    const { rows } = await pool.query(`
      select state::text, reason::text, sum(count)::int as n from executions group by 1, 2 order by 3 desc`)
    for (const row of rows) console.log(`ledger: ${row.n} ${row.state}${row.reason ? `/${row.reason}` : ''}`)
    const sent = rows.filter((row) => row.state === 'succeeded').reduce((sum, row) => sum + row.n, 0)
    const total = rows.reduce((sum, row) => sum + row.n, 0)
    const ids = new Set(arrivals.map((it) => it.id))
    const result = verdict()
    result.check('occurrences in the ledger', total === expected, `${total} of ${expected}`)
    result.check('everything recorded as sent has arrived', ids.size === sent, `${ids.size} of ${sent}`)
    result.check('duplicates', arrivals.length === ids.size, arrivals.length - ids.size)
    result.check(
      'only sent or coalesced',
      rows.every((it) => it.state === 'succeeded' || it.reason === 'coalesced'),
    )
    result.check('slowest recovery', Math.max(...recoveries) <= 5, `${Math.max(...recoveries).toFixed(1)} s`)
    const { ok, away, others, slowestMs } = answers
    result.check('API answers', others === 0, `${ok} ok, ${away} 503 problem+json, ${others} others`)
    result.check('slowest API answer', slowestMs <= 2_000, `${slowestMs.toFixed(0)} ms`)
    result.check(
      'no process exited',
      workers.every(({ process: { exitCode, signalCode } }) => exitCode === null && !signalCode),
    )
    result.end()
  })
}

/** Asks the API for a list and for a new job every 50 ms, and counts how it answers. */
function askAgainAndAgain(api: string) {
  const answers = { ok: 0, away: 0, others: 0, slowestMs: 0 }
  let stopped = false
  const ask = async (path: string, init: RequestInit) => {
    const began = performance.now()
    const answer = await fetch(api + path, init).catch(() => null)
    await answer?.arrayBuffer()
    answers.slowestMs = Math.max(answers.slowestMs, performance.now() - began)
    const problem = answer?.headers.get('content-type')?.startsWith('application/problem+json')
    if (answer?.ok) answers.ok += 1
    else if (answer?.status === 503 && problem) answers.away += 1
    else answers.others += 1
  }
  const body = JSON.stringify({ schedule_time: '2999-01-01T00:00:00Z', callback_url: 'http://127.0.0.1:9/' })
  const loop = async () => {
    while (!stopped) {
      await ask('/jobs?limit=5', {})
      await ask('/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      await wait(50)
    }
  }
  const asking = loop()
  return {
    async stop() {
      stopped = true
      await asking
      return answers
    },
  }
}
