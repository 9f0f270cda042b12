import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel'

export const circuitStates = ['closed', 'open', 'half_open'] as const
/** Which parked executions of a job go first once the circuit has closed. */
export const drainOrders = ['oldest', 'newest'] as const
export type DrainOrder = (typeof drainOrders)[number]

export type CircuitStateName = (typeof circuitStates)[number]

export interface CircuitOptions {
  /** Consecutive failures that open the circuit. */
  failMax: number
  /** How long it stays open before a probe may pass, ms. */
  resetMs: number
  /** Milliseconds from any fixed point, never set back: `performance.now`. */
  now: () => number
  onChange?: (state: CircuitStateName) => void
}

/** The breaker of one destination: closed, open, or half open while one probe is under way. */
export interface Circuit {
  readonly state: CircuitStateName
  /** Consecutive failures so far. */
  readonly failures: number
  /** When it opened, by `now`; null while it is closed. */
  readonly openedAt: number | null
  /** When a probe may pass, by `now`; null while it is closed. */
  readonly retryAt: number | null
  /** Whether a call may be made now: any while closed, one while open and past `retryAt`, none while half open. */
  admits(): boolean
  /**
   * Makes a call and takes its result into account. The call is made in any case: ask `admits` first. One that was
   * admitted before the circuit opened goes past the breaker. Of a result for which `failed` gives null nothing is known: it
   * neither adds to the failures in a row nor ends them, and as a probe it closes nothing.
   */
  run<T>(call: () => Promise<T>, failed: (result: T) => boolean | null): Promise<T>
}

/**
 * A circuit on cockatiel's breaker, for callers that must not wait and must not lose a call: cockatiel lets calls wait
 * for the probe while it is half open, so the state is asked first, and what isn't admitted is kept for later.
 *
 * When a probe may pass is decided here, by a clock that can't be set back; cockatiel's own delay, which goes by
 * Date.now, is switched off.
 */
export function createCircuit({ failMax, resetMs, now, onChange }: CircuitOptions): Circuit {
  const breaker = new ConsecutiveBreaker(failMax)
  const policy = circuitBreaker(
    handleWhenResult((it) => (it as Judged<unknown>).isFailure !== false),
    { breaker, halfOpenAfter: Number.NEGATIVE_INFINITY },
  )
  let openedAt: number | null = null
  let probing = false

  policy.onStateChange((state) => {
    if (state === CircuitState.Open) openedAt = now()
    if (state === CircuitState.Closed) openedAt = null
    onChange?.(nameOf(state))
  })

  /** What shows nothing is thrown past the breaker, which would take it for a success. */
  const counted = async <T>(judged: () => Promise<Judged<T>>): Promise<T> => {
    const call = async () => {
      const it = await judged()
      if (it.isFailure === null) throw new ShowsNothing(it)
      return it
    }
    try {
      return (await policy.execute(call)).result
    } catch (error) {
      if (error instanceof ShowsNothing) return error.judged.result as T
      throw error
    }
  }

  return {
    get state() {
      return nameOf(policy.state)
    },
    get failures() {
      return breaker.state as number
    },
    get openedAt() {
      return openedAt
    },
    get retryAt() {
      return openedAt === null ? null : openedAt + resetMs
    },
    admits() {
      if (policy.state === CircuitState.Closed) return true
      return policy.state === CircuitState.Open && !probing && openedAt !== null && now() >= openedAt + resetMs
    },
    async run(call, failed) {
      const judged = async () => {
        const result = await call()
        return { result, isFailure: failed(result) }
      }
      if (policy.state === CircuitState.Closed) return await counted(judged)
      if (!this.admits()) return await call()
      probing = true
      try {
        return (await policy.execute(judged)).result
      } finally {
        probing = false
      }
    },
  }
}

/** A result with its own call's judgement: calls of different kinds may be under way at once. */
interface Judged<T> {
  result: T
  isFailure: boolean | null
}

class ShowsNothing extends Error {
  readonly judged: Judged<unknown>

  constructor(judged: Judged<unknown>) {
    super('The call shows nothing.')
    this.judged = judged
  }
}

function nameOf(state: CircuitState): CircuitStateName {
  if (state === CircuitState.Closed) return 'closed'
  return state === CircuitState.HalfOpen ? 'half_open' : 'open'
}
