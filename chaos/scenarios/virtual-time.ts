// The database's clock is a virtual one and is set from one moment to the next, while real workers and a real API run: what comes due
// where the calendar or a zone's clocks do something is compared with a list that was written by hand.
import { until, wait } from '../../bench/until.ts'
import { ask, createJob, ledgerOf, unfinished } from '../faults/service.ts'
import { installVirtualClock, type VirtualClock } from '../faults/virtual-clock.ts'
import type { Rig, Scenario } from '../scenario.ts'
import { calendar, type Entry, type Stretch } from './virtual-calendar.ts'

/** The clock is set to so long before the next moment, and then goes on by itself, ms. */
const BEFORE_MS = 300
const DAY_MS = 86_400_000

type Made = Entry & { id: string }

export const virtualTime: Scenario = {
  name: 'virtual-time',
  what: 'The database’s clock is set from one moment to the next, through changes of clock in three zones, two ends of February and of a year.',

  async run(rig) {
    const clock = await installVirtualClock(rig.url, rig.pool)
    await rig.startWorkers(2)
    const { origin } = await rig.startApi()
    const stretches = rig.short ? calendar.filter(({ name }) => name === 'New York goes forward') : calendar
    for (const stretch of stretches) await cross(rig, clock, origin, stretch)
    const { rows } = await rig.pool.query(`select count(*)::int as n from jobs where status = 'quarantined'`)
    rig.check('jobs set aside', rows[0].n === 0, rows[0].n)
  },
}

async function cross(rig: Rig, clock: VirtualClock, origin: string, stretch: Stretch): Promise<void> {
  const from = Date.parse(stretch.from)
  const made: Made[] = await Promise.all(
    stretch.entries.map(async (entry) => {
      // The others have nothing within their grace before the stretch; a cron may.
      const bound = entry.path === 'jobs/cron' ? { start_date: stretch.from } : {}
      const id = await createJob(origin, entry.path, `${rig.receiver.origin}/`, { ...entry.body, ...bound })
      return { ...entry, id }
    }),
  )
  await clock.set(from)
  const moments = [...new Set(made.flatMap(({ sent }) => sent.map((it) => Date.parse(it))))].sort((a, b) => a - b)
  for (const at of moments) {
    await clock.set(at - BEFORE_MS)
    const due = made.filter(({ sent }) => sent.some((it) => Date.parse(it) === at))
    await until(
      () => sentAt(rig, due, at),
      20_000,
      `${new Date(at).toISOString()} of ${due.map(({ name }) => name).join('; ')}`,
    )
  }
  await clock.set(Date.parse(stretch.to) - BEFORE_MS)
  await wait(2 * BEFORE_MS)
  await quiet(rig)
  // What a gap leaves out is written down with the occurrence after it.
  await clock.set(from + DAY_MS + 2 * 3_600_000)
  const passed = async () => {
    const rows = await ledgerOf(
      rig.pool,
      made.map(({ id }) => id),
    )
    return made.every(({ id, skipped = [] }) =>
      skipped.every((at) => rows.some((it) => it.job === id && it.at === Date.parse(at))),
    )
  }
  await until(passed, 20_000, 'what the gap left out')
  await quiet(rig)
  await judge(rig, clock, stretch, made)
  await Promise.all(made.map(({ id }) => ask(origin, 'DELETE', `jobs/${id}`)))
}

const quiet = (rig: Rig) => until(async () => (await unfinished(rig.pool)) === 0, 20_000, 'nothing to be unfinished')

async function sentAt(rig: Rig, due: Made[], at: number): Promise<boolean> {
  const rows = await ledgerOf(
    rig.pool,
    due.map(({ id }) => id),
  )
  return due.every(({ id }) => rows.some((it) => it.job === id && it.at === at && it.state === 'succeeded'))
}

async function judge(rig: Rig, clock: VirtualClock, stretch: Stretch, made: Made[]): Promise<void> {
  const [from, to] = [Date.parse(stretch.from), Date.parse(stretch.to)]
  const within = (at: number) => at >= from && at <= to
  const rows = (
    await ledgerOf(
      rig.pool,
      made.map(({ id }) => id),
    )
  ).filter((it) => within(it.at))
  const arrivals = (await rig.receiver.arrivals()).filter((it) => within(it.scheduledFor))
  const iso = (at: number) => new Date(at).toISOString().replace('.000', '')
  const wrong = made.flatMap(({ id, name, sent, skipped = [] }) => {
    const arrived = arrivals.filter((it) => it.job === id).map((it) => iso(it.scheduledFor))
    const recorded = rows.filter((it) => it.job === id).map((it) => `${iso(it.at)} ${it.reason ?? it.state}`)
    const wanted = [...sent.map((it) => `${it} succeeded`), ...skipped.map((it) => `${it} dst_gap`)]
    const same = `${arrived.sort()}` === `${sent}` && `${recorded.sort()}` === `${wanted.sort()}`
    return same ? [] : [`${name}: ${arrived.join(' ')} arrived; the ledger has ${recorded.join(', ')}`]
  })
  const occurrences = made.reduce((sum, { sent, skipped = [] }) => sum + sent.length + skipped.length, 0)
  rig.check(
    `${stretch.name}: as listed`,
    wrong.length === 0,
    wrong.join('; ') || `${occurrences} occurrences of ${made.length} jobs`,
  )
  const early = arrivals.filter((it) => clock.shownAt(it.at) < it.scheduledFor).length
  rig.check(`${stretch.name}: early by the virtual clock`, early === 0, early)
}
