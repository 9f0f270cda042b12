import { CALLBACK_TIMEOUT_MS } from './callback.ts'
import { defaultRetry, type Retry } from './delivery.ts'
import { clockAfter, type Plan, plan } from './planner.ts'
import { disjoint, type Range } from './recurrence.ts'
import type { Policies, Schedule } from './schedule.ts'
import { type SimulatedExecution, unsentOf } from './simulated-execution.ts'
import { type SimulatedFleet, simulatedFleet } from './simulated-fleet.ts'
import type { SimulatedReceiver } from './simulated-receiver.ts'
import { type SimulationSummary, summaryOf } from './simulation-summary.ts'

/** One job and the world around it, for a stretch of time. All instants are in ms since 1970. */
export interface SimulationInput {
  schedule: Schedule
  policies: Policies
  /** Exclusive; where the clock starts. */
  from: number
  /** Inclusive; where it stops. */
  to: number
  /** The nominal instant up to which all is accounted for already; `from` unless given. */
  cursor?: number
  /** Occurrences that were sent before. */
  runs?: number
  /** When there is no worker: nothing is dispatched or sent, and what is in flight is lost. */
  outages?: readonly Range[]
  receiver: SimulatedReceiver
  workers: number
  /** Attempts in flight per worker. */
  concurrency?: number
  timeoutMs?: number
  retry?: Retry
  limits?: { entries: number; events: number }
}

export interface SimulationResult {
  /** What the ledger would hold at the end, by nominal time. What is not finished then stands as it stands. */
  timeline: SimulatedExecution[]
  summary: SimulationSummary
  /** The nominal instant up to which, inclusive, every occurrence is in the timeline. */
  cursor: number
  /** Whether it has not come to `to`: a limit ended it, or it was not let. */
  truncated: boolean
  /** The instant it came to: `to`, unless it is truncated. */
  reached: number
}

/** A simulation on its way. */
export interface Simulation {
  /** Goes on by about so many events; false when it has come to its end. */
  advance(events: number): boolean
  /** What it has come to so far. */
  result(): SimulationResult
}

/** Bounds of the work: plans, beginnings and ends of attempts are events. */
export const simulationLimits = { entries: 10_000, events: 100_000 } as const

/**
 * What would become of a job's occurrences: the planner's own passes on a virtual clock, and a model of the rest.
 *
 * Deterministic. A pass is made when the planner asks for one, when an outage ends, and at the end. An attempt that
 * fails is followed by others as the retry policy says; their jitter is that of another execution, with another id. Simplified are: dispatching and claiming take no time; a worker
 * has no window towards a destination that has not answered yet; all workers share one circuit, which outlasts them; an
 * attempt that is cancelled ends at once; what is lost in an outage is sent again the moment it ends.
 *
 * @throws RangeError when the schedule or the zone is not one that was accepted.
 */
export function simulate(input: SimulationInput): SimulationResult {
  const it = simulation(input)
  while (it.advance(Infinity)) {}
  return it.result()
}

/** The same in parts, for callers that have other things to do. */
export function simulation(input: SimulationInput): Simulation {
  const { schedule, policies, from, to, receiver, workers } = input
  const { concurrency = 100, timeoutMs = CALLBACK_TIMEOUT_MS, limits = simulationLimits } = input
  const { retry = defaultRetry } = input
  const places = workers * concurrency
  const fleet: SimulatedFleet = simulatedFleet({
    ...{ receiver, timeoutMs, places, retry, seed: policies.seed, nextRunAt: () => wakeAt },
  })
  const outages = disjoint(input.outages ?? []).filter((it) => it.to > from)
  const entries: SimulatedExecution[] = []
  let cursor = input.cursor ?? from
  let runs = input.runs ?? 0
  let now = from
  let down = false
  let events = 0
  let stopped: 'no' | 'ended' | 'truncated' = 'no'
  let wakeAt: number | null = clockAfter(schedule, policies, cursor).wakeAt

  return {
    advance(more) {
      for (const until = events + more; stopped === 'no' && events < until; ) step()
      return stopped === 'no'
    },
    result: () => ({
      timeline: [...entries].sort((a, b) => a.scheduledFor - b.scheduledFor),
      summary: summaryOf(entries, fleet.peak),
      cursor,
      truncated: stopped !== 'ended',
      reached: stopped === 'ended' ? to : now,
    }),
  }

  /** All that happens at the next instant at which anything does; ends of attempts first, so that none is in the way of what is due. */
  function step(): void {
    const at = nextAt()
    if (at > to) {
      stopped = 'ended'
      return
    }
    now = at
    const landed = fleet.land(now)
    events += landed
    changeWorkers()
    if (down) return
    if (landed > 0) events += fleet.launch(now)
    if (wakeAt !== null && Math.min(wakeAt, to) <= now && !pass()) {
      stopped = 'truncated'
      return
    }
    events += fleet.launch(now)
    if (events >= limits.events) stopped = 'truncated'
  }

  function nextAt(): number {
    const [outage] = outages
    const changeAt = outage === undefined ? Infinity : down ? outage.to : outage.from
    const wake = down || wakeAt === null ? Infinity : Math.min(wakeAt, to)
    return Math.max(now, Math.min(changeAt, wake, down ? Infinity : fleet.nextAt()))
  }

  function changeWorkers(): void {
    const [outage] = outages
    if (outage && !down && outage.from <= now) {
      down = true
      fleet.lose(now)
    }
    if (outage && down && outage.to <= now) {
      down = false
      outages.shift()
      fleet.recover()
    }
  }

  /** A dispatch pass. False when the timeline has no room for what it finds. */
  function pass(): boolean {
    const planned = plan(schedule, policies, cursor, now, { runs, ...fleet.counts() })
    if (entries.length + planned.unsent.length + planned.send.length > limits.entries) return false
    carryOut(planned)
    events += 1
    // At the end there is one pass more, for what the planner would have come back to later.
    wakeAt = now >= to ? null : planned.wakeAt
    return true
  }

  function carryOut(planned: Plan): void {
    if (planned.cancel) fleet.cancel(now)
    for (const run of planned.unsent) entries.push(unsentOf(run, now))
    for (const execution of fleet.add(planned.send)) entries.push(execution)
    cursor = planned.cursor
    runs = planned.runs
  }
}
