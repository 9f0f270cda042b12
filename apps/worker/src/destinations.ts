import { type Circuit, type CircuitStateName, createCircuit } from '@scheduler/core/circuit'
import { createSendWindow, type SendWindow } from '@scheduler/core/send-window'
import type { Park } from '@scheduler/db/queries/claim'
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
  /** Whether this worker parked executions of it that a free place should bring back at once. */
  backlog: boolean
  /** Whether the database has not been told of its present state. */
  dirty: boolean
}

/** Entries kept at the most; idle ones with a closed circuit and no failure make room. */
const MOST = 10_000

/** How long an execution that found its destination busy is parked at the most; a free place brings it back sooner. */
const BUSY_MS = 5_000

/** What this worker knows of the destinations it calls: the circuit, the window and the attempts in flight of each. */
export function createDestinations(options: DestinationOptions) {
  const entries = new Map<string, Entry>()

  const entryOf = (destination: string): Entry => {
    const known = entries.get(destination)
    if (known) return known
    if (entries.size >= MOST) makeRoom(entries)
    const entry: Entry = {
      circuit: createCircuit({
        failMax: options.failMax,
        resetMs: options.resetMs,
        now: () => performance.now(),
        onChange: (state) => {
          entry.dirty = true
          if (state === 'closed') {
            entry.window.restart(1)
            // Brings back what was parked while it was open.
            entry.backlog = true
          }
          options.onChange(destination, state, entry.circuit.failures)
        },
      }),
      window: createSendWindow(options.failMax, options.concurrency),
      inFlight: 0,
      probing: false,
      backlog: false,
      dirty: true,
    }
    entries.set(destination, entry)
    return entry
  }

  return {
    /** Takes a place for an attempt (null), or says until when its execution is to be parked. */
    admit(destination: string, now: Date): Park | null {
      const entry = entryOf(destination)
      const { circuit, window } = entry
      const after = (ms: number) => new Date(now.getTime() + Math.max(1, Math.ceil(ms)))
      if (circuit.state !== 'closed') {
        if (!entry.probing && circuit.admits()) {
          entry.probing = true
          entry.inFlight += 1
          return null
        }
        const untilRetryMs = (circuit.retryAt ?? 0) - performance.now()
        return { reason: 'circuit_open', at: after(untilRetryMs > 0 ? untilRetryMs : options.timeoutMs + 1_000) }
      }
      if (entry.inFlight >= window.size) {
        entry.backlog = true
        return { reason: 'destination_busy', at: after(BUSY_MS) }
      }
      entry.inFlight += 1
      return null
    },

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

    /** Makes a call under the destination's circuit; `failed` says whether its result counts against the destination. */
    async run<T>(destination: string, call: () => Promise<T>, failed: (result: T) => boolean): Promise<T> {
      const entry = entryOf(destination)
      const before = entry.circuit.failures
      const probe = entry.circuit.state !== 'closed' && entry.probing
      const result = await entry.circuit.run(call, failed).finally(() => {
        if (probe) entry.probing = false
      })
      if (failed(result)) entry.window.failed()
      else entry.window.succeeded()
      if (before !== entry.circuit.failures) entry.dirty = true
      return result
    },

    /** Destinations with parked executions and enough free places to be worth a query, with the number of places. */
    refillable(): { destination: string; places: number }[] {
      const found: { destination: string; places: number }[] = []
      for (const [destination, { circuit, window, inFlight, backlog }] of entries) {
        const places = window.size - inFlight
        if (backlog && circuit.state === 'closed' && places > 0 && places >= window.size / 2) {
          found.push({ destination, places })
        }
      }
      return found
    },

    /** There is nothing parked any more, as far as is known. */
    noBacklog(destination: string): void {
      entryOf(destination).backlog = false
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
  }
}
export type Destinations = ReturnType<typeof createDestinations>

function makeRoom(entries: Map<string, Entry>): void {
  for (const [destination, { circuit, inFlight, backlog }] of entries) {
    if (inFlight > 0 || backlog || circuit.state !== 'closed' || circuit.failures > 0) continue
    entries.delete(destination)
    return
  }
}
