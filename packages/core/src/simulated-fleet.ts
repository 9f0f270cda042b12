import { failureReason } from './callback.ts'
import type { Send } from './overlap.ts'
import { simulatedCircuit } from './simulated-circuit.ts'
import { executionOf, type SimulatedExecution } from './simulated-execution.ts'
import { type Answered, answerOf, type SimulatedReceiver } from './simulated-receiver.ts'

/** An attempt in flight. */
interface Flight {
  execution: SimulatedExecution
  answered: Answered
  probe: boolean
}

export interface FleetOptions {
  receiver: SimulatedReceiver
  timeoutMs: number
  /** Attempts in flight at the most. */
  places: number
}

/** The workers of a simulation, with the executions that are not finished. */
export interface SimulatedFleet {
  /** Unfinished executions but for those behind others, and those. */
  counts(): { live: number; behind: number }
  /** When something happens next by itself: an attempt ends, or a probe may begin. Infinity: never. */
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

export function simulatedFleet({ receiver, timeoutMs, places }: FleetOptions): SimulatedFleet {
  const circuit = simulatedCircuit()
  /** Those that could begin, oldest first; parked ones among them while the circuit is open. */
  let pending: SimulatedExecution[] = []
  let behind: SimulatedExecution[] = []
  let lost: SimulatedExecution[] = []
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
    let index = flights.length
    while (index > 0 && (flights[index - 1]?.answered.at ?? 0) > answered.at) index -= 1
    flights.splice(index, 0, { execution, answered, probe: circuit.begin() })
    peak = Math.max(peak, flights.length)
  }

  function end({ execution, answered, probe }: Flight): void {
    execution.state = answered.outcome === 'succeeded' ? 'succeeded' : 'failed'
    execution.reason = failureReason(answered.outcome)
    execution.finishedAt = answered.at
    const change = circuit.end(answered, probe, answered.at)
    if (change === 'opened') parkAll()
    if (change === 'closed') for (const it of pending) Object.assign(it, { state: 'queued', reason: null })
  }

  return {
    get peak() {
      return peak
    },
    counts: () => ({ live: pending.length + flights.length + lost.length, behind: behind.length }),
    nextAt() {
      const retryAt = pending.length > 0 ? (circuit.retryAt ?? Infinity) : Infinity
      return Math.min(flights[0]?.answered.at ?? Infinity, retryAt)
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
      for (const it of [...pending, ...behind, ...lost, ...flights.map(({ execution }) => execution)]) {
        Object.assign(it, { state: 'cancelled', reason: 'superseded', finishedAt: now })
      }
      pending = []
      behind = []
      lost = []
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
      const first = behind[0]
      if (first && pending.length + flights.length + lost.length === 0) {
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
