// The database's clock is a virtual one and jumps: forward, back, and past a time in which no worker ran.
import { until, wait } from '../../bench/until.ts'
import { ask, createJob, ledgerOf, type Row, unfinished } from '../faults/service.ts'
import { installVirtualClock, type VirtualClock } from '../faults/virtual-clock.ts'
import type { Rig, Scenario } from '../scenario.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const minuteOf = (ms: number) => Math.ceil(ms / MINUTE_MS) * MINUTE_MS
const iso = (ms: number) => new Date(ms).toISOString()

interface Stage {
  rig: Rig
  clock: VirtualClock
  origin: string
  each: number
}

export const virtualJumps: Scenario = {
  name: 'virtual-jumps',
  what: 'The database’s clock jumps an hour forward and a minute back, by ten minutes without workers, and by 400 days without workers.',

  async run(rig) {
    const clock = await installVirtualClock(rig.url, rig.pool)
    await rig.startWorkers(2)
    const { origin } = await rig.startApi()
    const stage = { rig, clock, origin, each: rig.short ? 5 : 100 }
    await forward(stage)
    await back(stage)
    await outage(stage)
    if (!rig.short) await longStop(stage)
  },
}

/** Creates `each` jobs of each body; their ids, in the order of the bodies. */
async function create({ rig, origin, each }: Stage, path: string, bodies: object[]): Promise<string[][]> {
  const one = (body: object) => createJob(origin, path, `${rig.receiver.origin}/`, body)
  const all: string[][] = []
  for (const body of bodies) all.push(await Promise.all(Array.from({ length: each }, () => one(body))))
  return all
}

const quiet = (rig: Rig, ms = 60_000) =>
  until(async () => (await unfinished(rig.pool)) === 0, ms, 'nothing to be unfinished')

/** How often each outcome is in the ledger of these jobs, occurrences and not rows: `100 succeeded, 900 coalesced`. */
async function outcomes(rig: Rig, jobs: string[]): Promise<string> {
  const rows = await ledgerOf(rig.pool, jobs)
  const what = (it: Row) => it.reason ?? it.state
  const kinds = [...new Set(rows.map(what))].sort()
  const of = (kind: string) => rows.filter((it) => what(it) === kind).reduce((sum, it) => sum + it.count, 0)
  return kinds.map((kind) => `${of(kind)} ${kind}`).join(', ')
}

async function expectOutcomes(rig: Rig, name: string, jobs: string[], wanted: string): Promise<void> {
  const found = await outcomes(rig, jobs)
  rig.check(name, found === wanted, found === wanted ? found : `${found}, not ${wanted}`)
}

/** No occurrence has arrived twice, and each that succeeded has arrived. */
async function expectOnce(rig: Rig, name: string, jobs: string[]): Promise<void> {
  const ours = new Set(jobs)
  const arrivals = (await rig.receiver.arrivals()).filter((it) => ours.has(it.job))
  const distinct = new Set(arrivals.map((it) => `${it.job} ${it.scheduledFor}`)).size
  const succeeded = (await ledgerOf(rig.pool, jobs)).filter((it) => it.state === 'succeeded').length
  rig.check(`${name}: doubled`, arrivals.length === distinct, arrivals.length - distinct)
  rig.check(`${name}: arrived of what succeeded`, distinct === succeeded, `${distinct} of ${succeeded}`)
}

/** Until `due` has been dispatched for each of these jobs, and is finished. */
const cursorPast = (rig: Rig, jobs: string[], at: number) =>
  until(
    async () => {
      const { rows } = await rig.pool.query(
        `select count(*)::int as n from jobs where id = any($1) and (next_scheduled_for is null or next_scheduled_for > to_timestamp($2::float8 / 1000))`,
        [jobs, at],
      )
      return rows[0].n === jobs.length && (await unfinished(rig.pool)) === 0
    },
    120_000,
    'all that is due to be dispatched and finished',
  )

/** Every minute; the clock jumps by an hour. What each policy makes of the sixty that are late at once. */
async function forward(stage: Stage): Promise<void> {
  const { rig, clock, each } = stage
  const start = minuteOf(await clock.now()) + MINUTE_MS
  const common = { minutes: 1, start_date: iso(start), end_date: iso(start + HOUR_MS - MINUTE_MS) }
  const [last = [], all = [], skip = []] = await create(stage, 'jobs/interval', [
    { ...common, misfire: { policy: 'last' } },
    { ...common, misfire: { policy: 'all', grace_seconds: 7_200 } },
    { ...common, misfire: { policy: 'skip' } },
  ])
  await clock.set(start + HOUR_MS - MINUTE_MS + 10_000)
  await cursorPast(rig, [...last, ...all, ...skip], start + HOUR_MS)
  // Of sixty, the newest is 10 s late, and fourteen more by less than the grace of a quarter of an hour.
  await expectOutcomes(
    rig,
    'an hour forward, last',
    last,
    `${14 * each} coalesced, ${45 * each} missed_grace, ${each} succeeded`,
  )
  await expectOutcomes(rig, 'an hour forward, all', all, `${60 * each} succeeded`)
  await expectOutcomes(rig, 'an hour forward, skip', skip, `${60 * each} missed_grace`)
  await expectOnce(rig, 'an hour forward', [...last, ...all, ...skip])
}

/** Every ten seconds; the clock goes back by a minute, over what was sent, and then past it again. */
async function back(stage: Stage): Promise<void> {
  const { rig, clock, each } = stage
  const start = minuteOf(await clock.now()) + MINUTE_MS
  const seconds = { seconds: 10, start_date: iso(start), end_date: iso(start + 2 * MINUTE_MS - 10_000) }
  const [jobs = []] = await create(stage, 'jobs/interval', [{ ...seconds, misfire: { policy: 'all' } }])
  await clock.set(start + MINUTE_MS - 9_000)
  await cursorPast(rig, jobs, start + MINUTE_MS - 10_000)
  const before = await rig.receiver.count()
  await clock.set(start - 5_000)
  // Over the first of them once more, by itself.
  await wait(7_000)
  rig.check(
    'a minute back: sent once more',
    (await rig.receiver.count()) === before,
    (await rig.receiver.count()) - before,
  )
  await clock.set(start + 2 * MINUTE_MS)
  await cursorPast(rig, jobs, start + 2 * MINUTE_MS)
  await expectOutcomes(rig, 'a minute back', jobs, `${12 * each} succeeded`)
  await expectOnce(rig, 'a minute back', jobs)
}

async function stopWorkers(rig: Rig): Promise<number> {
  const stopped = rig.workers.splice(0)
  await Promise.all(stopped.map((it) => it.end('SIGTERM')))
  return stopped.length
}

/** Nothing runs for ten minutes, in which jobs of every minute and one-time jobs come due. */
async function outage(stage: Stage): Promise<void> {
  const { rig, clock, each } = stage
  const start = minuteOf(await clock.now()) + MINUTE_MS
  const common = { minutes: 1, start_date: iso(start), end_date: iso(start + 9 * MINUTE_MS) }
  const [last = [], all = [], skip = []] = await create(stage, 'jobs/interval', [
    { ...common, misfire: { policy: 'last' } },
    { ...common, misfire: { policy: 'all', max: 10 } },
    { ...common, misfire: { policy: 'skip' } },
  ])
  const [once = []] = await create(stage, 'jobs', [{ schedule_time: iso(start + 5 * MINUTE_MS) }])
  const workers = await stopWorkers(rig)
  await clock.set(start + 9 * MINUTE_MS + 30_000)
  await rig.startWorkers(workers)
  await cursorPast(rig, [...last, ...all, ...skip, ...once], start + 10 * MINUTE_MS)
  await expectOutcomes(rig, 'ten minutes without workers, last', last, `${9 * each} coalesced, ${each} succeeded`)
  await expectOutcomes(rig, 'ten minutes without workers, all', all, `${10 * each} succeeded`)
  await expectOutcomes(rig, 'ten minutes without workers, skip', skip, `${10 * each} missed_grace`)
  await expectOutcomes(rig, 'ten minutes without workers, once', once, `${each} succeeded`)
  await expectOnce(rig, 'ten minutes without workers', [...last, ...all, ...skip, ...once])
}

/** No worker for 400 days: longer than pg-boss keeps an item, and than the ledger keeps what is finished. */
async function longStop(stage: Stage): Promise<void> {
  const { rig, clock, origin, each } = stage
  const start = minuteOf(await clock.now()) + MINUTE_MS
  const daily = { days: 1, start_date: iso(start), end_date: iso(start + 399 * DAY_MS) }
  const [last = [], all = []] = await create(stage, 'jobs/interval', [
    { ...daily, misfire: { policy: 'last' } },
    { ...daily, misfire: { policy: 'all', grace_seconds: 31_536_000, max: 5 } },
  ])
  const inTime = { schedule_time: iso(start + 200 * DAY_MS), misfire: { grace_seconds: 31_536_000 } }
  const [late = [], kept = []] = await create(stage, 'jobs', [{ schedule_time: iso(start + 200 * DAY_MS) }, inTime])
  const [byHand = []] = await create(stage, 'jobs/interval', [{ years: 90 }])
  const workers = await stopWorkers(rig)
  // Queued by the API, and nobody is there to take it.
  for (const id of byHand) await ask(origin, 'POST', `jobs/${id}/run`)
  await clock.set(start + 399 * DAY_MS + MINUTE_MS)
  await rig.startWorkers(workers)
  await cursorPast(rig, [...last, ...all, ...late, ...kept], start + 400 * DAY_MS)
  await quiet(rig, 120_000)
  await expectOutcomes(rig, '400 days, last', last, `${399 * each} missed_grace, ${each} succeeded`)
  // Of 365 within the grace, that of its very last day included, five are sent.
  await expectOutcomes(
    rig,
    '400 days, all',
    all,
    `${360 * each} coalesced, ${35 * each} missed_grace, ${5 * each} succeeded`,
  )
  await expectOutcomes(rig, '400 days, once', late, `${each} missed_grace`)
  await expectOutcomes(rig, '400 days, once with a grace of a year', kept, `${each} succeeded`)
  await expectOutcomes(rig, '400 days, queued by hand before them', byHand, `${each} succeeded`)
  await expectOnce(rig, '400 days', [...last, ...all, ...late, ...kept, ...byHand])
}
