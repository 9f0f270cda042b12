// A destination that is down has a hundred thousand parked executions: no other destination is late for it, also when
// its circuit may be probed again and again.
import { insertOnceJobs, percentile, until, verdict, wait, withRig } from '../rig.ts'

export async function backlog(args: string[]): Promise<void> {
  const parked = Number(args[0] ?? 100_000)
  await withRig(async ({ pool, receiver, startWorkers }) => {
    // Nobody listens on port 9.
    const dead = 'http://127.0.0.1:9'
    await pool.query(
      `insert into jobs (id, type, status, version, cursor_at, created_at, updated_at, completed_at, callback_url, destination,
         callback_host, timezone, schedule, policies, payload)
       values ('00000000-0000-7000-8000-000000000000', 'once', 'completed', 1, now(), now(), now(), now(), $1, $1, '127.0.0.1',
         'UTC', '{}', '{}', '{}')`,
      [dead],
    )
    await pool.query(
      `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
         next_attempt_at, destination)
       select gen_random_uuid(), '00000000-0000-7000-8000-000000000000', 1, 'schedule', 'parked', 'circuit_open',
         now() - n * interval '1 millisecond', now(), now(), now(), $2
       from generate_series(1, $1) as n`,
      [parked, dead],
    )
    await startWorkers(2, { CIRCUIT_RESET_TIMEOUT: '5' })
    const healthy = 125
    const start = Date.now() + 1_000
    for (let n = 0; n < healthy; n += 1) {
      await insertOnceJobs(pool, 1, new Date(start + n * 200), `${receiver.origin}/healthy`)
    }
    await wait(start + healthy * 200 - Date.now())
    await until(async () => (await receiver.count()) >= healthy, 30_000, 'the healthy callbacks')
    const lateness = (await receiver.arrivals()).map((it) => it.at - it.scheduledFor)
    const { rows } = await pool.query(`
      select (select count(*)::int from executions where state = 'parked') as parked,
        (select count(*)::int from attempts where outcome <> 'succeeded') as failed,
        (select count(*)::int from pgboss.job where name = 'deliver') as items`)
    const result = verdict()
    result.check('healthy callbacks', lateness.length === healthy, `${lateness.length} of ${healthy}`)
    result.check('their lateness, p99', percentile(lateness, 99) < 1_000, `${percentile(lateness, 99).toFixed(0)} ms`)
    // Each worker: five to open its circuit, then one for each reset.
    const most = 2 * (5 + Math.ceil(30 / 5) + 1)
    result.check(
      'attempts to the one that is down',
      rows[0].failed <= most,
      `${rows[0].failed}, at most ${most} expected`,
    )
    result.check('still parked', rows[0].parked >= parked - most, rows[0].parked)
    result.check('items in the queue', rows[0].items <= 10, rows[0].items)
    result.end()
  })
}
