// A destination that is down opens its circuit, for all workers; others aren't late; it comes back, and so does
// all that was parked.
import { insertOnceJobs, percentile, startReceiver, until, verdict, wait, withRig } from '../rig.ts'

export async function deadDestination(): Promise<void> {
  await withRig(async ({ pool, receiver, startWorkers }) => {
    const reset = 5
    await startWorkers(2, { CIRCUIT_RESET_TIMEOUT: String(reset) })
    const due = new Date(Date.now() + 2_000)
    // Nobody listens on this port until the second half.
    const deadPort = 1_024 + Math.floor(Math.random() * 20_000) + 20_000
    const dead = `http://127.0.0.1:${deadPort}`
    await insertOnceJobs(pool, 500, due, `${dead}/dead`)
    await insertOnceJobs(pool, 500, new Date(due.getTime() + 500), `${receiver.origin}/alive`)
    await until(async () => (await receiver.count()) >= 500, 30_000, 'the healthy destination')
    const lateness = (await receiver.arrivals()).map((it) => it.at - it.scheduledFor)
    await wait(2_000)
    const { rows: failed } = await pool.query(
      `
      select count(*)::int as failed, (select count(*)::int from executions where state = 'parked') as parked,
        (select count(*)::int from destinations where destination = $1 and state <> 'closed') as open
      from attempts where outcome <> 'succeeded'`,
      [dead],
    )
    const result = verdict()
    result.check(
      'attempts that failed until it was open: 5, and what the other worker had in flight',
      failed[0].failed >= 5 && failed[0].failed <= 10,
      failed[0].failed,
    )
    result.check('circuits that are open', failed[0].open === 1, failed[0].open)
    result.check('parked', failed[0].parked === 500 - failed[0].failed, failed[0].parked)
    result.check(
      'healthy destination p99',
      percentile(lateness, 99) < 1_500,
      `${percentile(lateness, 99).toFixed(0)} ms`,
    )
    await wait(reset * 2_000)
    const { rows: later } = await pool.query(`select count(*)::int as n from attempts where outcome <> 'succeeded'`)
    console.log(`further attempts in ${reset * 2} s of open circuits: ${later[0].n - failed[0].failed}`)
    const revived = await startReceiver(deadPort)
    const backAt = performance.now()
    const expected = 500 - later[0].n
    await until(async () => (await revived.count()) >= expected - 4, 60_000, 'the parked executions')
    console.log(`parked ones arrived ${((performance.now() - backAt) / 1_000).toFixed(1)} s after it came back`)
    await until(
      async () => (await pool.query(`select from executions where finished_at is null`)).rowCount === 0,
      30_000,
      'the ledger',
    )
    const arrivals = await revived.arrivals()
    const { rows: states } = await pool.query(
      `
      select state::text, count(*)::int as n from executions where destination = $1 group by 1`,
      [dead],
    )
    const of = (state: string) => states.find((row) => row.state === state)?.n ?? 0
    result.check(
      'every execution succeeded or was one of the failed attempts',
      of('succeeded') + of('failed') === 500,
      `${of('succeeded')} + ${of('failed')}`,
    )
    result.check(
      'arrived once each',
      new Set(arrivals.map((it) => it.id)).size === arrivals.length && arrivals.length === of('succeeded'),
      arrivals.length,
    )
    result.check(
      'attempt numbers: parking used none',
      arrivals.every((it) => it.attempt === 1),
    )
    await revived.close()
    result.end()
  })
}
