// Three SIGKILLs of the embedded Postgres under load: nothing of ours exits, nothing is lost, nothing doubled.
import { createIntervalJob, until, verdict, wait, withRig } from '../rig.ts'

export async function killDatabase(args: string[]): Promise<void> {
  const jobs = Number(args[0] ?? 200)
  const kills = Number(args[1] ?? 3)
  await withRig(async ({ pool, embedded, receiver, workers, startWorkers }) => {
    if (!embedded) throw new Error('This trial kills the embedded Postgres; unset TRIAL_DATABASE_URL.')
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
    result.check(
      'no worker exited',
      workers.every(({ process: { exitCode, signalCode } }) => exitCode === null && !signalCode),
    )
    result.end()
  })
}
