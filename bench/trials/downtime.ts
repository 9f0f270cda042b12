// Everything is stopped for longer than an interval: what was missed is in the ledger with its reason, and the next
// occurrences are on time.
import { createIntervalJob, insertOnceJobs, verdict, wait, withRig } from '../rig.ts'

export async function downtime(): Promise<void> {
  await withRig(async ({ pool, receiver, workers, startWorkers }) => {
    const env = { MISFIRE_GRACE_TIME: '12' }
    const url = (path: string) => `${receiver.origin}/${path}`
    await startWorkers(2, env)
    const start = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000)
    const last = await createIntervalJob(pool, { seconds: 2, start, callbackUrl: url('last') })
    const all = await createIntervalJob(pool, {
      seconds: 2,
      start,
      callbackUrl: url('all'),
      misfire: { policy: 'all' },
    })
    const skip = await createIntervalJob(pool, {
      seconds: 2,
      start,
      callbackUrl: url('skip'),
      misfire: { policy: 'skip' },
    })
    await wait(5_000)
    console.log(`workers left with ${(await Promise.all(workers.map((it) => it.end('SIGTERM')))).join(', ')}`)
    const stoppedAt = Date.now()
    await insertOnceJobs(pool, 1, new Date(stoppedAt + 1_000), url('once-expired'))
    await insertOnceJobs(pool, 1, new Date(stoppedAt + 15_000), url('once-late'))
    await wait(20_000)
    workers.length = 0
    await startWorkers(2, env)
    await wait(6_000)
    const now = Date.now()
    const { rows } = await pool.query(
      `
      select job_id, state::text, reason::text, count, scheduled_for, scheduled_until from executions
      where scheduled_for > $1 or scheduled_until > $1 order by scheduled_for`,
      [new Date(stoppedAt)],
    )
    const of = (job: string) => rows.filter((row) => row.job_id === job)
    const print = (name: string, them: typeof rows) =>
      console.log(
        `${name}: ${them.map((it) => `${it.count} ${it.state}${it.reason ? `/${it.reason}` : ''}`).join(', ')}`,
      )
    print('last', of(last))
    print('all', of(all))
    print('skip', of(skip))
    const result = verdict()
    // From its creation until now each job has one occurrence every two seconds, and each is accounted for.
    for (const [name, job] of [
      ['last', last],
      ['all', all],
      ['skip', skip],
    ] as const) {
      const { rows: sums } = await pool.query(
        `select sum(count)::int as n, max(coalesce(scheduled_until, scheduled_for)) as until from executions where job_id = $1`,
        [job],
      )
      const expected = (sums[0].until.getTime() - start.getTime()) / 2_000 + 1
      result.check(`${name}: every occurrence accounted for`, sums[0].n === expected, `${sums[0].n} of ${expected}`)
      result.check(`${name}: up to now`, now - sums[0].until.getTime() < 2_500)
    }
    const reasons = (job: string) =>
      of(job)
        .filter((it) => it.state === 'skipped')
        .map((it) => `${it.reason}`)
    result.check(
      'last: missed_grace, then coalesced',
      reasons(last).join() === 'missed_grace,coalesced',
      reasons(last).join(),
    )
    result.check('all: missed_grace only', reasons(all).join() === 'missed_grace', reasons(all).join())
    result.check('skip: missed_grace only', reasons(skip).join() === 'missed_grace', reasons(skip).join())
    const { rows: expired } = await pool.query(`
      select e.state::text from executions e join jobs j on j.id = e.job_id where j.callback_url like '%once-expired'`)
    result.check('one-time job past its grace', expired[0]?.state === 'expired', expired[0]?.state)
    const arrivals = await receiver.arrivals()
    result.check(
      'one-time job within its grace was sent',
      arrivals.some((it) => it.path === '/once-late'),
    )
    result.check('expired one was not sent', !arrivals.some((it) => it.path === '/once-expired'))
    const after = arrivals.filter((it) => it.path === '/last' && it.scheduledFor > now - 4_000)
    const late = Math.max(...after.map((it) => it.at - it.scheduledFor))
    result.check('next occurrences on time', after.length >= 1 && late < 500, `${late.toFixed(0)} ms late`)
    result.end()
  })
}
