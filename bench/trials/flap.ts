// A destination that is up for 20 seconds and down for 30, again and again, under four workers: the circuit opens and closes
// for all of them as one, an open one costs a probe for each reset time and no attempt of anybody, nothing is lost, and what
// was parked comes back on the ramp.
import { rampAt } from '@scheduler/core/ramp'
import type { Pool } from '@scheduler/db/client'
import type { Arrival } from '../receiver.ts'
import { createIntervalJob, until, verdict, wait, withRig } from '../rig.ts'

const UP = 20
const DOWN = 30
const RESET = 10
const RATE = 20
const RETRY = { limit: 20, minBackoffSeconds: 2, maxBackoffSeconds: 20, factor: 2, jitter: 0.2 }

/** How long after its start a request that was claimed before its circuit opened may still be on its way, ms. */
const SLACK_MS = 100

export async function flap([seconds = '600', workers = '4', jobs = '200']: string[]): Promise<void> {
  const [lasts, count] = [Number(seconds), Number(jobs)]
  await withRig(async ({ pool, receiver, startWorkers }) => {
    await startWorkers(Number(workers), {
      ...{ CIRCUIT_RESET_TIMEOUT: String(RESET), CIRCUIT_DRAIN_RATE: String(RATE) },
    })
    const start = new Date(Date.now() + 2_000)
    const end = new Date(start.getTime() + lasts * 1_000 - 1)
    const callbackUrl = `${receiver.origin}/flap?up=${UP}&down=${DOWN}&delay=20`
    const misfire = { policy: 'all' } as const
    for (let n = 0; n < count; n += 1) {
      const from = new Date(start.getTime() + (n * 10_000) / count)
      await createIntervalJob(pool, { seconds: 10, start: from, end, callbackUrl, misfire, delivery: { retry: RETRY } })
    }
    for (let waited = 0; waited < lasts; waited += 30) {
      await wait(Math.min(30, lasts - waited) * 1_000)
      console.log(`${Math.min(lasts, waited + 30)} s: ${await receiver.count()} arrived, ${await parked(pool)} parked`)
    }
    await until(async () => (await unfinished(pool)) === 0, 300_000, 'the last of them')
    await judge(pool, await receiver.arrivals())
  })
}

async function judge(pool: Pool, arrivals: Arrival[]): Promise<void> {
  const result = verdict()
  const { open, probes } = await openTimes(pool)
  const { rows: ended } = await pool.query<{ state: string; reason: string | null; n: number }>(
    'select state::text, reason::text, sum(count)::int as n from executions group by 1, 2 order by 1, 2',
  )
  const by = (name: string) => ended.filter(({ state }) => state === name).reduce((sum, { n }) => sum + n, 0)
  const all = ended.reduce((sum, { n }) => sum + n, 0)
  const { rows: missing } = await pool.query<{ n: number }>(
    `select sum(floor(extract(epoch from (schedule ->> 'end')::timestamptz - (schedule ->> 'anchor')::timestamptz) / 10) + 1)::int as n
     from jobs`,
  )
  console.log(
    `circuits opened ${open.length} times, ${probes.length} probes; ${arrivals.length} requests, ${by('succeeded')} succeeded`,
  )
  result.check(
    'occurrences in the ledger, of those that the jobs name',
    all === missing[0]?.n,
    `${all} of ${missing[0]?.n}`,
  )
  result.check('executions lost', by('succeeded') === all, JSON.stringify(ended))

  const { rows: attempts } = await pool.query<{ at: Date }>('select started_at as at from attempts order by started_at')
  const within = attempts.filter(({ at }) =>
    open.some(({ from, to }) => at.getTime() > from + SLACK_MS && at.getTime() < to),
  )
  const edge = attempts.filter(({ at }) =>
    open.some(({ from }) => at.getTime() > from && at.getTime() <= from + SLACK_MS),
  )
  result.check(
    'attempts while open, of so many probes',
    within.length <= probes.length,
    `${within.length} of ${probes.length}`,
  )
  console.log(`attempts within ${SLACK_MS} ms of an opening (claimed before it): ${edge.length}`)
  const gaps = within.slice(1).map(({ at }, i) => at.getTime() - (within[i]?.at.getTime() ?? 0))
  result.check('least time between two of them', Math.min(...gaps) >= RESET * 1_000, `${Math.min(...gaps)} ms`)

  const requests = Map.groupBy(arrivals, ({ id }) => id)
  const { rows: made } = await pool.query<{ id: string; attempt: number; failures: number }>(
    'select id, attempt, failures from executions where attempt > 0',
  )
  const burned = made.filter(({ id, attempt, failures }) => {
    const got = requests.get(id) ?? []
    return attempt !== got.length || failures !== got.filter(({ status }) => status !== 200).length
  })
  result.check(
    'executions whose attempts are not the requests that were made for them',
    burned.length === 0,
    burned.length,
  )
  result.check('most over the ramp after a closing', overRamp(arrivals, open) <= 0, overRamp(arrivals, open))
  result.end()
}

interface Times {
  open: { from: number; to: number }[]
  probes: number[]
}

async function openTimes(pool: Pool): Promise<Times> {
  const { rows } = await pool.query<{ cause: string; at: Date }>('select cause, at from circuit_changes order by id')
  const times: Times = { open: [], probes: [] }
  for (const { cause, at } of rows) {
    if (cause === 'probe') times.probes.push(at.getTime())
    if (cause === 'failures') times.open.push({ from: at.getTime(), to: Number.POSITIVE_INFINITY })
    const last = times.open.at(-1)
    if (cause === 'probe_succeeded' && last) last.to = at.getTime()
  }
  return times
}

/** By how many the first attempts of what was due before a closing, and came after it, are ahead of the ramp at the most. */
function overRamp(arrivals: Arrival[], open: Times['open']): number {
  let most = Number.NEGATIVE_INFINITY
  for (const [i, { from, to }] of open.entries()) {
    const until = open[i + 1]?.from ?? Number.POSITIVE_INFINITY
    const parked = arrivals.filter((it) => it.attempt === 1 && it.scheduledFor > from && it.scheduledFor < to - 1_000)
    const after = parked.filter((it) => it.at > to && it.at < until).sort((a, b) => a.at - b.at)
    after.forEach((it, n) => {
      most = Math.max(most, n + 1 - rampAt({ perSecond: RATE }, it.at - to))
    })
  }
  return most
}

const parked = async (pool: Pool) =>
  (await pool.query(`select count(*)::int as n from executions where state = 'parked'`)).rows[0].n

const unfinished = async (pool: Pool) =>
  (await pool.query('select count(*)::int as n from executions where finished_at is null')).rows[0].n
