import { failureReason } from './callback.ts'
import type { Retry } from './delivery.ts'
import type { Send } from './overlap.ts'
import { afterFailure } from './retry.ts'
import { simulatedCircuit } from './simulated-circuit.ts'
import { executionOf, type SimulatedExecution } from './simulated-execution.ts'
import { type Answered, answerOf, type SimulatedReceiver } from './simulated-receiver.ts'

/** An attempt in flight. */
interface Flight {
  execution: SimulatedExecution
  answered: Answered
  probe: boolean
}

/** One that waits for its next attempt. */
interface Waiting {
  execution: SimulatedExecution
  at: number
}

export interface FleetOptions {
  receiver: SimulatedReceiver
  timeoutMs: number
  /** Attempts in flight at the most. */
  places: number
  retry: Retry
  /** Of the jitter of retries: the job's. */
  seed: string
  /** When the job is due next; null when it is not. */
  nextRunAt: () => number | null
}

/** The workers of a simulation, with the executions that are not finished. */
export interface SimulatedFleet {
  /** Unfinished executions but for those behind others, and those. */
  counts(): { live: number; behind: number }
  /** When something happens next by itself: an attempt ends, one is due again, or a probe may begin. Infinity: never. */
  nextAt(): number
  add(sends: Send[]): SimulatedExecution[]
  /** Ends what is unfinished: `cancelled`, for a newer one. */
  cancel(now: number): void
  /** Ends the attempts whose time has come. Returns how many. */
  land(now: number): number
  /** Begins what may begin. Returns how many. */
  launch(now: number): number
  /** All workers are lost with what they have in flight, or are back. */
  lose(now: number): void
  recover(): void
  /** The most attempts that were in flight at once. */
  readonly peak: number
}

export function simulatedFleet(options: FleetOptions): SimulatedFleet {
  const { receiver, timeoutMs, places } = options
  const circuit = simulatedCircuit()
  /** Those that could begin, oldest first; parked ones among them while the circuit is open. */
  let pending: SimulatedExecution[] = []
  let behind: SimulatedExecution[] = []
  let lost: SimulatedExecution[] = []
  /** Those that failed, by the time of their next attempt. */
  let waiting: Waiting[] = []
  /** By the end of the attempt. */
  let flights: Flight[] = []
  let peak = 0

  /** The parked ones are in one piece, which is passed over: it may be long. */
  function parkAll(): void {
    const park = (it: SimulatedExecution) => Object.assign(it, { state: 'parked', reason: 'circuit_open' })
    for (let i = 0; i < pending.length && pending[i]?.state !== 'parked'; i += 1) park(pending[i] as SimulatedExecution)
    for (let i = pending.length - 1; pending[i] && pending[i]?.state !== 'parked'; i -= 1)
      park(pending[i] as SimulatedExecution)
  }

  function begin(execution: SimulatedExecution, now: number): void {
    Object.assign(execution, { state: 'running', reason: null })
    execution.attempts += 1
    execution.startedAt ??= now
    const answered = answerOf(receiver, timeoutMs, now)
    insertBy(flights, { execution, answered, probe: circuit.begin() }, (it) => it.answered.at)
    peak = Math.max(peak, flights.length)
  }

  function end({ execution, answered, probe }: Flight): void {
    execution.reason = failureReason(answered.outcome)
    const next = answered.outcome === 'succeeded' ? null : nextAttempt(execution, answered)
    if (next === null) {
      execution.state = answered.outcome === 'succeeded' ? 'succeeded' : 'failed'
      execution.finishedAt = answered.at
    } else {
      execution.state = 'waiting'
      insertBy(waiting, { execution, at: next }, (it) => it.at)
    }
    const change = circuit.end(answered, probe, answered.at)
    if (change === 'opened') parkAll()
    if (change === 'closed') for (const it of pending) Object.assign(it, { state: 'queued', reason: null })
  }

  /** As a worker decides it when an attempt has failed; null: it was the last. */
  function nextAttempt(execution: SimulatedExecution, { outcome, status, at: now }: Answered): number | null {
    execution.failures += 1
    const next = afterFailure(options.retry, {
      ...{ outcome, status, now, retryAfterMs: null, failures: execution.failures, nextRunAt: options.nextRunAt() },
      firstAttemptAt: execution.startedAt ?? now,
      seed: `${options.seed} ${execution.scheduledFor}`,
    })
    return 'at' in next ? next.at : null
  }

  const unfinished = () => pending.length + flights.length + lost.length + waiting.length

  return {
    get peak() {
      return peak
    },
    counts: () => ({ live: unfinished(), behind: behind.length }),
    nextAt() {
      const probeAt = pending.length > 0 ? (circuit.retryAt ?? Infinity) : Infinity
      return Math.min(flights[0]?.answered.at ?? Infinity, waiting[0]?.at ?? Infinity, probeAt)
    },
    add(sends) {
      return sends.map((send) => {
        const execution = executionOf(send)
        if (send.behind) behind.push(execution)
        else pending.push(execution)
        return execution
      })
    },
    cancel(now) {
      for (const { probe } of flights) circuit.end(null, probe, now)
      const held = [...flights, ...waiting].map(({ execution }) => execution)
      for (const it of [...pending, ...behind, ...lost, ...held]) {
        Object.assign(it, { state: 'cancelled', reason: 'superseded', finishedAt: now })
      }
      pending = []
      behind = []
      lost = []
      waiting = []
      flights = []
    },
    land(now) {
      const landed = flights.findIndex(({ answered }) => answered.at > now)
      const done = flights.splice(0, landed < 0 ? flights.length : landed)
      for (const flight of done) end(flight)
      return done.length
    },
    launch(now) {
      let begun = 0
      for (let due = waiting[0]; due && due.at <= now; due = waiting[0]) {
        waiting.shift()
        pending.push(Object.assign(due.execution, { state: 'queued' as const, reason: null }))
      }
      const first = behind[0]
      if (first && unfinished() === 0) {
        pending.push(first)
        behind.shift()
      }
      while (pending.length > 0 && flights.length < places && circuit.admits(now)) {
        begin(pending.shift() as SimulatedExecution, now)
        begun += 1
      }
      if (!circuit.admits(now)) parkAll()
      return begun
    },
    lose(now) {
      for (const { probe } of flights) circuit.end(null, probe, now)
      lost.push(...flights.map(({ execution }) => execution))
      flights = []
    },
    recover() {
      // They have waited the longest.
      pending.unshift(...lost)
      lost = []
    },
  }
}

/** Puts an element into its place in a list that is in order; most belong near the end. */
function insertBy<T>(list: T[], element: T, at: (element: T) => number): void {
  let index = list.length
  while (index > 0 && at(list[index - 1] as T) > at(element)) index -= 1
  list.splice(index, 0, element)
}
