// One noisy job has thousands of executions due to a slow destination, twenty quiet jobs have one each now and then to the
// same: the quiet ones go out in their turn. Once as the destination can take them, once under a limit of it.
import { randomUUID } from 'node:crypto'
import { createIntervalJob, percentile, type Rig, until, verdict, wait, withRig } from '../rig.ts'

const QUIET = 20
const SECONDS = 20

export async function fairness(args: string[]): Promise<void> {
  const noisy = Number(args[0] ?? 5_000)
  const result = verdict()
  await withRig((rig) => compare(rig, result, noisy, false))
  await withRig((rig) => compare(rig, result, noisy, true))
  result.end()
}

async function compare(rig: Rig, result: ReturnType<typeof verdict>, noisy: number, limited: boolean): Promise<void> {
  const { pool, receiver } = rig
  const how = limited ? 'under a limit of 10 in flight' : 'without a limit'
  if (limited) {
    await pool.query(
      `insert into flow_limits (kind, flow, concurrency, created_at, updated_at) values ('destination', $1, 10, now(), now())`,
      [receiver.origin],
    )
  }
  await rig.startWorkers(2, { DESTINATION_CONCURRENCY: '10' })
  const slow = (path: string) => `${receiver.origin}/${path}?delay=200`
  await insertBacklog(rig, noisy, slow('noisy'))
  await until(async () => (await receiver.count()) >= 20, 30_000, 'the backlog to be under way')
  const start = new Date(Date.now() + 1_000)
  const end = new Date(start.getTime() + SECONDS * 1_000)
  for (let n = 0; n < QUIET; n += 1) {
    await createIntervalJob(pool, { seconds: 5, start, end, callbackUrl: slow(`quiet/${n}`) })
  }
  await wait(SECONDS * 1_000 + 6_000)
  const arrivals = await receiver.arrivals()
  const quiet = arrivals.filter((it) => it.path.startsWith('/quiet')).map((it) => it.at - it.scheduledFor)
  const expected = QUIET * (SECONDS / 5 + 1)
  const p99 = percentile(quiet, 99)
  console.log(`${how}: ${arrivals.length - quiet.length} of the noisy job's ${noisy} went out meanwhile`)
  console.log(`lateness of the quiet ones: p50 ${percentile(quiet, 50).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`)
  result.check(`quiet ones that arrived, ${how}`, quiet.length === expected, `${quiet.length} of ${expected}`)
  result.check(`their lateness, p99, ${how}`, p99 < 3_000, `${p99.toFixed(0)} ms`)
}

/** A job, and so many executions of it that are due, as a backfill makes them. */
async function insertBacklog({ pool }: Rig, count: number, callbackUrl: string): Promise<void> {
  const id = randomUUID()
  const { origin, hostname } = new URL(callbackUrl)
  await pool.query(
    `insert into jobs (id, type, status, version, cursor_at, created_at, updated_at, completed_at, callback_url, destination,
       callback_host, timezone, schedule, policies, payload, delivery)
     values ($1, 'once', 'completed', 1, now(), now(), now(), now(), $2, $3, $4, 'UTC', '{}', '{}', '{}',
       '{"retry":{"limit":0}}')`,
    [id, callbackUrl, origin, hostname],
  )
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at,
       next_attempt_at, destination)
     select gen_random_uuid(), $1, 1, 'backfill', 'waiting', now() - n * interval '1 minute', now(), now(), now(), $2
     from generate_series(1, $3) as n`,
    [id, origin, count],
  )
}
