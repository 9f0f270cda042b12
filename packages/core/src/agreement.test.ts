import { beforeAll, describe, expect, test } from 'vitest'
import { dice } from '../test/dice.ts'
import { type RandomJob, randomJobs } from '../test/random-jobs.ts'
import { spellOut } from '../test/spell-out.ts'
import { clockAfter, type Plan, plan } from './planner.ts'
import { type Foreseen, preview } from './preview.ts'
import { type JobState, untouched } from './schedule.ts'
import { type SimulationInput, type SimulationResult, simulate } from './simulate.ts'

const COUNT = 10_000
const SEED = 20_260_308
const between: [number, number] = [Date.UTC(2023, 0), Date.UTC(2031, 0)]

/** One occurrence and what becomes of it: null where it is sent. */
type Fate = [nominal: number, reason: string | null]

const inOrder = (fates: Fate[]): Fate[] => fates.sort(([a], [b]) => a - b)

let jobs: RandomJob[] = []
beforeAll(() => {
  jobs = randomJobs(COUNT, { seed: SEED, between })
})

/** Calls `check` with each job; the message of a failure has the job. */
function each(check: (job: RandomJob) => void): void {
  for (const job of jobs) {
    try {
      check(job)
    } catch (error) {
      throw new Error(`${JSON.stringify(job)}\n${(error as Error).message}`, { cause: error })
    }
  }
}

/** Compares from the first difference on, and little of that: some lists are long. */
function same<T>(actual: readonly T[], expected: readonly T[]): void {
  const texts = actual.map((it) => JSON.stringify(it))
  const first = expected.findIndex((it, i) => JSON.stringify(it) !== texts[i])
  const start = first < 0 ? expected.length : first
  expect([start, actual.slice(start, start + 3)]).toEqual([start, expected.slice(start, start + 3)])
}

/** What preview lists up to an instant, and the first one after it. */
function foreseen(
  { schedule, policies, from, to }: RandomJob,
  until: number,
): { listed: Foreseen[]; rest: Foreseen[] } {
  const { occurrences } = preview(schedule, policies, from, { limit: 10_000, until: to })
  const listed = occurrences.filter(({ nominal }) => nominal <= until)
  return { listed, rest: occurrences.slice(listed.length) }
}

const fatesOf = (listed: Foreseen[]): Fate[] => listed.map(({ nominal, skipped }) => [nominal, skipped])

/** An expired one has its reason in the ledger. */
const ledgerReason = (reason: string) => (reason === 'expired' ? 'missed_grace' : reason)

/** What a plan accounts for, runs spelled out. */
const planned = (job: RandomJob, { send, unsent }: Pick<Plan, 'send' | 'unsent'>): Fate[] =>
  inOrder([
    ...send.map(({ nominal }): Fate => [nominal, null]),
    ...unsent.flatMap((run) => spellOut(job, run).map((nominal): Fate => [nominal, ledgerReason(run.reason)])),
  ])

/** The same of a simulation's timeline. */
const simulated = (job: RandomJob, { timeline }: SimulationResult): Fate[] =>
  inOrder(
    timeline.flatMap(({ scheduledFor, scheduledUntil, count, state, reason }): Fate[] => {
      if (state !== 'skipped' && state !== 'expired') return [[scheduledFor, null]]
      const run = { first: scheduledFor, last: scheduledUntil ?? scheduledFor, count, reason: reason ?? '' }
      return spellOut(job, run).map((nominal) => [nominal, reason])
    }),
  )

const world = (
  { schedule, policies, from, to }: RandomJob,
  outages: SimulationInput['outages'] = [],
): SimulationResult =>
  simulate({ schedule, policies, from, to, outages, receiver: { latencyMs: 0, failures: [] }, workers: 1 })

/** The passes of a dispatcher that looks at a job when it was told to, and once more at the end. */
function dispatched(job: RandomJob): { fates: Fate[]; cursor: number } {
  const { schedule, policies, from, to } = job
  const fates: Fate[] = []
  let cursor = from
  let state: JobState = untouched
  let wakeAt = clockAfter(schedule, policies, from).wakeAt
  for (let now = from; wakeAt !== null && now < to; ) {
    now = Math.min(Math.max(wakeAt, from), to)
    const pass: Plan = plan(schedule, policies, cursor, now, state)
    if (pass.wakeAt !== null)
      expect(pass.wakeAt, 'the dispatcher must not be told to look again at once').toBeGreaterThan(now)
    fates.push(...planned(job, pass))
    cursor = pass.cursor
    // Whatever is sent is finished at once.
    state = { runs: pass.runs, live: 0, behind: 0 }
    wakeAt = pass.wakeAt
  }
  return { fates: inOrder(fates), cursor }
}

describe(`for ${COUNT} random jobs over all policies`, { timeout: 120_000 }, () => {
  test('preview lists exactly what the passes of a dispatcher account for, with the same reasons', () => {
    const reasons: Record<string, number> = {}
    each((job) => {
      const { fates, cursor } = dispatched(job)
      const { listed, rest } = foreseen(job, cursor)
      same(fates, fatesOf(listed))
      // Beyond the cursor is only what waits for its jitter, and what comes after it.
      if (rest[0]) expect([rest[0].skipped, rest[0].effective > job.to]).toEqual([null, true])
      for (const { skipped, dst } of listed) {
        for (const what of [skipped ?? 'sent', dst ?? 'plain']) reasons[what] = (reasons[what] ?? 0) + 1
      }
    })
    console.log(`preview against the dispatcher's passes: ${COUNT} jobs, occurrences ${JSON.stringify(reasons)}`)
    expect(reasons.sent).toBeGreaterThan(COUNT * 10)
    expect(reasons.blackout).toBeGreaterThan(COUNT)
    for (const what of ['dst_gap', 'gap_shifted', 'fold_first', 'fold_second'])
      expect(reasons[what], what).toBeGreaterThan(100)
  })

  test('a simulation without outages sends what preview lists, at its effective time, and leaves out what preview says is left out', () => {
    let sent = 0
    each((job) => {
      const result = world(job)
      expect([result.truncated, result.reached]).toEqual([false, job.to])
      const { listed } = foreseen(job, result.cursor)
      same(simulated(job, result), fatesOf(listed))
      const effective = listed.filter(({ skipped }) => skipped === null).map((it) => it.effective)
      const began = result.timeline.filter(({ state }) => state === 'succeeded')
      same(
        began.map(({ startedAt }) => startedAt),
        effective,
      )
      expect(result.summary.latestMs ?? 0).toBe(0)
      sent += began.length
    })
    console.log(`preview against the simulation: ${COUNT} jobs, ${sent} occurrences sent`)
  })

  test('any passes account for what preview lists, each occurrence once, whatever is sent of it', () => {
    const rolls = dice(SEED)
    let accounted = 0
    each((job) => {
      // With max_runs the end depends on what was sent, and so on the passes.
      const unlimited = { ...job, policies: { ...job.policies, maxRuns: null } }
      const { schedule, policies, from, to } = unlimited
      const instants = Array.from({ length: rolls.int(0, 6) }, () => rolls.int(from, to)).sort((a, b) => a - b)
      let [cursor, state]: [number, JobState] = [from, untouched]
      const nominals: number[] = []
      for (const now of [...instants, to]) {
        const pass = plan(schedule, policies, cursor, now, state)
        nominals.push(...planned(unlimited, pass).map(([nominal]) => nominal))
        cursor = pass.cursor
        state = { runs: pass.runs, live: rolls.int(0, 1), behind: rolls.int(0, 1) }
      }
      const { listed } = foreseen(unlimited, cursor)
      same(
        nominals.sort((a, b) => a - b),
        listed.map(({ nominal }) => nominal),
      )
      accounted += nominals.length
    })
    console.log(`preview against random passes: ${COUNT} jobs, ${accounted} occurrences`)
  })

  test('after an outage over the whole window a simulation has the rows of one plan', () => {
    const reasons: Record<string, number> = {}
    each((job) => {
      const { schedule, policies, from, to } = job
      const pass = plan(schedule, policies, from, to)
      const result = world(job, [{ from: from - 1, to }])
      same(simulated(job, result), planned(job, pass))
      const rows = result.timeline.map((it) => [it.scheduledFor, it.count, it.state === 'succeeded' ? null : it.reason])
      const expected = [
        ...pass.send.map(({ nominal }) => [nominal, 1, null]),
        ...pass.unsent.map(({ first, count, reason }) => [
          first,
          count,
          reason === 'expired' ? 'missed_grace' : reason,
        ]),
      ]
      same(
        rows,
        expected.sort((a, b) => (a[0] as number) - (b[0] as number)),
      )
      expect([result.cursor, result.truncated, result.reached]).toEqual([pass.cursor, false, to])
      for (const [, , reason] of rows) reasons[reason ?? 'sent'] = (reasons[reason ?? 'sent'] ?? 0) + 1
    })
    console.log(`one plan against the simulation of an outage: ${COUNT} jobs, rows ${JSON.stringify(reasons)}`)
    for (const reason of ['sent', 'missed_grace', 'coalesced', 'overlap_skipped', 'blackout', 'dst_gap']) {
      expect(reasons[reason] ?? 0, reason).toBeGreaterThan(100)
    }
  })
})
