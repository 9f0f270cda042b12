import { isDestinationFailure } from './callback.ts'
import type { Answered } from './simulated-receiver.ts'

const FAIL_MAX = 5
const RESET_MS = 60_000

/** The breaker of the one destination of a simulation, by its clock: that of `circuit.ts`, without promises. */
export interface SimulatedCircuit {
  /** Whether an attempt may begin: any while closed; past the reset time one, the probe. */
  admits(now: number): boolean
  /** An attempt begins, which was admitted. True when it is the probe. */
  begin(): boolean
  /** An attempt ended; null: it was lost, which shows nothing. Returns what the circuit did, if anything. */
  end(answered: Answered | null, probe: boolean, now: number): 'opened' | 'closed' | null
  /** When a probe may begin; null while it is closed, or while one is under way. */
  readonly retryAt: number | null
}

/** Five failures in a row open it for a minute: the defaults of the service. */
export function simulatedCircuit(): SimulatedCircuit {
  let failures = 0
  let openUntil: number | null = null
  let probing = false

  return {
    get retryAt() {
      return probing ? null : openUntil
    },
    admits: (now) => openUntil === null || (!probing && now >= openUntil),
    begin() {
      probing = openUntil !== null
      return probing
    },
    end(answered, probe, now) {
      if (probe) probing = false
      // One that began before the circuit opened goes past it.
      if (answered === null || (openUntil !== null && !probe)) return null
      if (!isDestinationFailure(answered.outcome, answered.status)) {
        failures = 0
        openUntil = null
        return probe ? 'closed' : null
      }
      failures += 1
      if (!probe && failures < FAIL_MAX) return null
      openUntil = now + RESET_MS
      return 'opened'
    },
  }
}
