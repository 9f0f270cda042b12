import { type Plan, plan } from '@scheduler/core/planner'
import { preview } from '@scheduler/core/preview'
import { type JobState, untouched } from '@scheduler/core/schedule'
import { simulate } from '@scheduler/core/simulate'
import { type RandomJob, randomJobs } from '@scheduler/core/test/random-jobs'
import { spellOut } from '@scheduler/core/test/spell-out'
import { expect } from 'vitest'
import { test } from '../../test/queue.ts'
import { dispatchAll, graceSeconds, insertRandomJobs } from '../../test/random-ledger.ts'
import { type ExecutionRow, executions, jobs } from '../schema/index.ts'
import { policiesOf } from './policies-of.ts'

const COUNT = 10_000
const SEED = 20_260_308
const DAY = 86_400_000

/** What a row of the ledger says about its occurrences. */
type Said = [first: number, last: number, count: number, effective: number, state: string, reason: string | null]

/** Executions that are to be sent, in the state in which nobody has taken them up. */
const SENT = ['queued', 'waiting', 'cancelled']

const said = (it: ExecutionRow): Said => [
  it.scheduledFor.getTime(),
  (it.scheduledUntil ?? it.scheduledFor).getTime(),
  it.count,
  it.effectiveAt.getTime(),
  it.state,
  SENT.includes(it.state) ? null : it.reason,
]

/** What the ledger has to say after a plan; `cancelled` when a later plan cancels it. */
const toSay = ({ send, unsent }: Plan, cancelled: boolean): Said[] => [
  ...send.map(({ nominal, effective, behind }): Said => {
    const state = cancelled ? 'cancelled' : behind ? 'waiting' : 'queued'
    return [nominal, nominal, 1, effective, state, null]
  }),
  ...unsent.map(({ first, last, count, reason }): Said => {
    if (reason === 'expired') return [first, last, count, first, 'expired', 'missed_grace']
    return [first, last, count, first, 'skipped', reason]
  }),
]

const inOrder = <T extends [number, ...unknown[]]>(items: T[]): T[] => items.sort((a, b) => a[0] - b[0])

/** The plans of the passes that wrote a job's rows, and what the last of them leaves. */
function replay({ schedule, policies, from }: RandomJob, instants: number[], busy: boolean) {
  const plans: Plan[] = []
  let cursor = from
  let state: JobState = { ...untouched, live: busy ? 1 : 0 }
  for (const now of instants) {
    const ignores = schedule.type === 'once' || policies.overlap === 'allow'
    const pass = plan(schedule, policies, cursor, now, ignores ? { ...untouched, runs: state.runs } : state)
    plans.push(pass)
    cursor = pass.cursor
    const kept = pass.cancel ? untouched : state
    const behind = kept.behind + pass.send.filter((it) => it.behind).length
    const live = kept.live + pass.send.filter((it) => !it.behind).length
    // The first of those that wait goes on where nothing is before it.
    const goesOn = live === 0 && behind > 0 ? 1 : 0
    state = { runs: pass.runs, live: live + goesOn, behind: behind - goesOn }
  }
  return { plans, cursor, runs: state.runs }
}

/** The rows of a simulation in which nobody worked from the cursor to the pass; what it sent counts as queued. */
function simulated({ schedule, policies, from }: RandomJob, now: number): Said[] {
  const outages = [{ from: from - 1, to: now }]
  const receiver = { latencyMs: 1, failures: [] }
  const { timeline } = simulate({ schedule, policies, from, to: now, outages, receiver, workers: 64 })
  return timeline.map((it) => [
    it.scheduledFor,
    it.scheduledUntil ?? it.scheduledFor,
    it.count,
    it.effectiveAt,
    it.state === 'running' ? 'queued' : it.state,
    it.finishedAt === null ? null : it.reason,
  ])
}

/** Every occurrence that rows account for, runs spelled out, with why it was not sent. */
function spelled(job: RandomJob, rows: Said[]): [number, string | null][] {
  return rows.flatMap(([first, last, count, , state, reason]): [number, string | null][] => {
    if (SENT.includes(state)) return [[first, null]]
    return spellOut(job, { first, last, count, reason: reason ?? '' }).map((nominal) => [nominal, reason])
  })
}

/** What preview lists, whatever else becomes of it: of those not left out by a blackout or a gap only the nominal time. */
function foreseen({ schedule, policies, from }: RandomJob, until: number): [number, string | null][] {
  const unlimited = { ...policies, maxRuns: null }
  const { occurrences } = preview(schedule, unlimited, from, { limit: 100_000, until })
  return occurrences.map(({ nominal, skipped }) => [nominal, skipped])
}

test(`the ledger that dispatching ${COUNT} random jobs makes is what plan, simulation and preview say`, {
  timeout: 120_000,
}, async ({ db, pool, boss }) => {
  const { rows: clock } = await pool.query<{ now: Date }>('select now() as now')
  const now = clock[0]?.now ?? new Date(0)
  const all = randomJobs(COUNT, { seed: SEED, between: [now.getTime() - 400 * DAY, now.getTime()], to: now.getTime() })
  const busy = new Set(all.filter((_, i) => i % 4 === 0).map(({ id }) => id))
  const due = await insertRandomJobs(db, all, now.getTime(), busy)
  const began = performance.now()
  await dispatchAll(pool, boss, now)
  const took = performance.now() - began

  const ledger = Map.groupBy(
    (await db.select().from(executions)).filter(({ kind }) => kind === 'schedule'),
    ({ jobId }) => jobId,
  )
  const after = new Map((await db.select().from(jobs)).map((it) => [it.id, it]))
  const counts = { rows: 0, occurrences: 0, passes: 0, simulations: 0 }
  const reasons: Record<string, number> = {}
  for (const job of due) {
    const rows = ledger.get(job.id) ?? []
    const instants = [...new Set(rows.map(({ createdAt }) => createdAt.getTime()))].sort((a, b) => a - b)
    const stored = after.get(job.id)
    try {
      expect(policiesOf(stored as NonNullable<typeof stored>, graceSeconds)).toEqual(job.policies)
      const { plans, cursor, runs } = replay(job, instants, busy.has(job.id))
      for (const [i, pass] of plans.entries()) {
        const written = rows.filter(({ createdAt }) => createdAt.getTime() === instants[i]).map(said)
        const cancelled = plans.slice(i + 1).some(({ cancel }) => cancel)
        expect(inOrder(written)).toEqual(inOrder(toSay(pass, cancelled)))
      }
      expect([stored?.cursorAt.getTime(), stored?.runs]).toEqual([cursor, runs])
      expect(stored?.status === 'completed').toBe(plans.at(-1)?.wakeAt === null)
      if (plans.length === 1 && !busy.has(job.id)) {
        expect(simulated(job, instants[0] ?? 0)).toEqual(inOrder(rows.map(said)))
        counts.simulations += 1
      }
      const accounted = inOrder(spelled(job, rows.map(said)))
      const left = (reason: string | null) => (reason === 'blackout' || reason === 'dst_gap' ? reason : null)
      expect(accounted.map(([nominal, reason]) => [nominal, left(reason)])).toEqual(foreseen(job, cursor))
      counts.rows += rows.length
      for (const { state, reason } of rows) reasons[reason ?? state] = (reasons[reason ?? state] ?? 0) + 1
      counts.occurrences += accounted.length
      counts.passes += plans.length
    } catch (error) {
      throw new Error(`${JSON.stringify(job)}\n${JSON.stringify(instants)}\n${(error as Error).message}`, {
        cause: error,
      })
    }
  }
  console.log(`${due.length} of ${COUNT} jobs due, dispatched in ${took.toFixed(0)} ms: ${JSON.stringify(counts)}`)
  console.log(`rows by reason: ${JSON.stringify(reasons)}`)
  expect(due.length).toBeGreaterThan(COUNT * 0.9)
  expect(counts.occurrences).toBeGreaterThan(COUNT * 5)
  for (const it of [
    'queued',
    'missed_grace',
    'coalesced',
    'overlap_skipped',
    'overlap_queued',
    'blackout',
    'dst_gap',
  ]) {
    expect(reasons[it] ?? 0, it).toBeGreaterThan(20)
  }
  expect(counts.simulations).toBeGreaterThan(COUNT / 2)
})
