import { type Circuit, type CircuitStateName, createCircuit } from '@scheduler/core/circuit'
import { createSendWindow, type SendWindow } from '@scheduler/core/send-window'
import type { Park } from '@scheduler/db/queries/begin-attempts'
import type { CircuitReport } from '@scheduler/db/queries/record-circuits'

export interface DestinationOptions {
  /** Attempts in flight to one destination at the most. */
  concurrency: number
  failMax: number
  resetMs: number
  /** How long an attempt may take at the most, ms: a probe has ended by then. */
  timeoutMs: number
  onChange: (destination: string, state: CircuitStateName, failures: number) => void
}

interface Entry {
  circuit: Circuit
  window: SendWindow
  inFlight: number
  /** Whether the one place of an open circuit is taken. */
  probing: boolean
  /** Whether its circuit has ever been open here. */
  hasOpened: boolean
  /** Why executions of it are parked, as far as is known; a free place brings them back before their time. */
  parked: Set<Park['reason']>
  /** Whether the database has not been told of its present state. */
  dirty: boolean
}

/** Entries kept, as long as there are idle ones to make room: the least recently called first. */
const MOST = 10_000

/** What this worker knows of the destinations it calls: the circuit, the window and the attempts in flight of each. */
export function createDestinations(options: DestinationOptions) {
  const entries = new Map<string, Entry>()
  /** Destinations whose `parked` is not empty. */
  const backlogged = new Set<string>()

  const entryOf = (destination: string): Entry => {
    const known = entries.get(destination)
    if (known) return known
    while (entries.size >= MOST && makeRoom(entries)) {}
    const entry: Entry = {
      circuit: createCircuit({
        failMax: options.failMax,
        resetMs: options.resetMs,
        now: () => performance.now(),
        onChange: (state) => {
          entry.dirty = true
          if (state === 'open') entry.hasOpened = true
          if (state === 'closed') {
            entry.window.restart(1)
            // Brings back what was parked while it was open.
            entry.parked.add('circuit_open').add('destination_busy')
            backlogged.add(destination)
          }
          options.onChange(destination, state, entry.circuit.failures)
        },
      }),
      window: createSendWindow(options.failMax, options.concurrency),
      inFlight: 0,
      probing: false,
      hasOpened: false,
      parked: new Set(),
      dirty: true,
    }
    entries.set(destination, entry)
    return entry
  }

  return {
    /** Takes a place for an attempt (`send`), or says that there is none now (`hold`), or until when to park. */
    admit(destination: string, now: Date): 'send' | 'hold' | Park {
      const entry = entryOf(destination)
      entries.delete(destination)
      entries.set(destination, entry)
      const { circuit, window } = entry
      if (circuit.state === 'closed') {
        if (entry.inFlight >= window.size) return 'hold'
      } else {
        if (entry.probing || !circuit.admits()) return { reason: 'circuit_open', at: this.reopensAt(destination, now) }
        entry.probing = true
      }
      entry.inFlight += 1
      return 'send'
    },

    /** When an execution that its circuit keeps back is to be tried again, by the database's clock. */
    reopensAt(destination: string, now: Date): Date {
      const untilRetryMs = (entryOf(destination).circuit.retryAt ?? 0) - performance.now()
      // While a probe is under way: when it has ended at the latest, or would be repeated if it failed at once.
      const probeMs = Math.min(options.timeoutMs + 1_000, Math.max(options.resetMs, 1_000))
      return new Date(now.getTime() + Math.ceil(untilRetryMs > 0 ? untilRetryMs : probeMs))
    },

    isOpen: (destination: string): boolean => entries.get(destination)?.circuit.state === 'open',

    /** Gives a place back after its call. */
    release(destination: string): void {
      const entry = entryOf(destination)
      entry.inFlight = Math.max(0, entry.inFlight - 1)
    },

    /** Gives a place back whose call was never made. */
    giveBack(destination: string): void {
      this.release(destination)
      const entry = entryOf(destination)
      if (entry.circuit.state === 'open') entry.probing = false
    },

    /**
     * Makes a call under the destination's circuit; `failed` says whether its result counts against the destination. No
     * result (null) is a call that we broke off: it shows nothing, so a probe that ends so leaves the circuit open.
     */
    async run<T>(destination: string, call: () => Promise<T>, failed: (result: T) => boolean): Promise<T> {
      const entry = entryOf(destination)
      const before = entry.circuit.failures
      const probe = entry.circuit.state !== 'closed' && entry.probing
      const judge = (result: T) => (result === null ? probe : failed(result))
      const result = await entry.circuit.run(call, judge).finally(() => {
        if (probe) entry.probing = false
      })
      if (judge(result)) entry.window.failed()
      else if (result !== null) entry.window.succeeded()
      if (before !== entry.circuit.failures) entry.dirty = true
      return result
    },

    /** Some of the destination's executions were parked; a free place should bring them back. */
    expect(destination: string, reason: Park['reason'] = 'destination_busy'): void {
      entryOf(destination).parked.add(reason)
      backlogged.add(destination)
    },

    /** None are parked for that reason any more, as far as is known. */
    expectNone(destination: string, reason: Park['reason']): void {
      const { parked } = entryOf(destination)
      parked.delete(reason)
      if (parked.size === 0) backlogged.delete(destination)
    },

    hasBacklog: (destination: string): boolean => (entries.get(destination)?.parked.size ?? 0) > 0,

    /** Whether any destination has parked executions, as far as is known. */
    anyBacklog: (): boolean => backlogged.size > 0,

    /**
     * Destinations with parked executions that may be called now, and how many attempts each may have in flight: of one
     * whose circuit is open and may be probed, one. What another worker's circuit keeps back is left until it is due
     * (`early` false), as long as ours has not been open itself.
     */
    refillable(): { destination: string; reason: Park['reason']; places: number; early: boolean }[] {
      const found: ReturnType<typeof this.refillable> = []
      for (const destination of backlogged) {
        const { circuit, window, parked, probing, hasOpened } = entryOf(destination)
        const closed = circuit.state === 'closed'
        if (!closed && (probing || !circuit.admits())) continue
        for (const reason of parked) {
          const early = reason === 'destination_busy' || hasOpened
          found.push({ destination, reason, places: closed ? window.size : 1, early })
          if (!closed) break
        }
      }
      return found
    },

    /** What changed since the last call, with times by the database's clock. */
    takeReports(now: Date): CircuitReport[] {
      const at = (moment: number | null) => moment && new Date(now.getTime() + moment - performance.now())
      const changed = [...entries].filter(([, entry]) => entry.dirty)
      return changed.map(([destination, entry]) => {
        entry.dirty = false
        const { state, failures, openedAt, retryAt } = entry.circuit
        return { destination, state, failures, openedAt: at(openedAt) || null, retryAt: at(retryAt) || null }
      })
    },

    /** They could not be passed on: the next call has their destinations again. */
    giveBackReports(reports: CircuitReport[]): void {
      for (const { destination } of reports) {
        const entry = entries.get(destination)
        if (entry) entry.dirty = true
      }
    },
  }
}
export type Destinations = ReturnType<typeof createDestinations>

/**
 * Takes out the first idle entry; false when there is none. A circuit that still keeps callers back is not idle; one that
 * would let a probe through is: what is forgotten are failures of a destination that nobody calls.
 */
function makeRoom(entries: Map<string, Entry>): boolean {
  for (const [destination, { circuit, inFlight, parked }] of entries) {
    if (inFlight > 0 || parked.size > 0 || !circuit.admits()) continue
    return entries.delete(destination)
  }
  return false
}
