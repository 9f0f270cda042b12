import { createCircuit } from '@scheduler/core/circuit'
import { createSendWindow } from '@scheduler/core/send-window'
import type { OutcomeReport, SharedCircuit } from '@scheduler/core/shared-circuit'
import type { Park } from '@scheduler/db/queries/begin-attempts'
import { FAR } from '@scheduler/db/queries/ledger-rows'
import type { Found } from '@scheduler/db/queries/lock-executions'
import { createBacklog } from './destination-backlog.ts'
import { type Entry, isOpen, makeRoom, merged } from './destination-entry.ts'

export interface DestinationOptions {
  /** Attempts in flight to one destination at the most. */
  concurrency: number
  failMax: number
  resetMs: number
  /** Told when something is to be told to the other workers. */
  onOutcome: () => void
}

/** What this worker knows of the destinations it calls: the circuit, the window and the attempts in flight of each. */
export function createDestinations(options: DestinationOptions) {
  const entries = new Map<string, Entry>()
  const newCircuit = () => createCircuit({ ...options, now: () => performance.now() })

  const entryOf = (destination: string): Entry => {
    const known = entries.get(destination)
    if (known) return known
    makeRoom(entries)
    const entry: Entry = {
      circuit: newCircuit(),
      shared: null,
      retryAt: null,
      window: createSendWindow(options.failMax, options.concurrency),
      inFlight: 0,
      parked: new Set(),
      waitUntil: 0,
      outcomes: null,
      telling: false,
    }
    entries.set(destination, entry)
    return entry
  }

  const backlog = createBacklog(entries, entryOf)

  return {
    ...backlog,

    get size() {
      return entries.size
    },

    /**
     * Takes a place for an attempt (`send`), or says that there is none now (`hold`), or until when to park.
     *
     * @param circuit the destination's as the database has it at this moment; undefined where it was not asked
     */
    admit(destination: string, now: Date, circuit?: Found['circuit']): 'send' | 'hold' | Park {
      const entry = entryOf(destination)
      entries.delete(destination)
      entries.set(destination, entry)
      if (circuit) {
        if (!circuit.isProbe) return { reason: 'circuit_open', at: circuit.retryAt ?? FAR }
      } else {
        if (entry.circuit.state !== 'closed') return { reason: 'circuit_open', at: this.reopensAt(destination, now) }
        if (circuit === undefined && isOpen(entry)) return 'hold'
        if (entry.inFlight >= entry.window.size) return 'hold'
      }
      entry.inFlight += 1
      return 'send'
    },

    /** When an execution that its circuit keeps back is to be looked at again, by the database's clock. */
    reopensAt(destination: string, now: Date): Date {
      const { retryAt, shared } = entryOf(destination)
      if (shared && shared.state !== 'closed' && retryAt === null) return FAR
      const ms = retryAt === null ? options.resetMs : Math.max(0, retryAt - performance.now())
      return new Date(now.getTime() + Math.ceil(ms))
    },

    isOpen(destination: string): boolean {
      const entry = entries.get(destination)
      return entry !== undefined && isOpen(entry)
    },

    /** How many more attempts a destination may have in flight. */
    places(destination: string): number {
      const entry = entryOf(destination)
      return isOpen(entry) ? 0 : Math.max(0, entry.window.size - entry.inFlight)
    },

    /** Gives a place back. */
    release(destination: string): void {
      const entry = entryOf(destination)
      entry.inFlight = Math.max(0, entry.inFlight - 1)
    },

    /**
     * Makes a call under the destination's circuit; `failed` says whether its result counts against the destination. No
     * result (null) is a call that we broke off: it shows nothing.
     *
     * @param probeId the execution, where it probes an open circuit
     * @param wasSent asked at the end; false where no request was made for it after all
     */
    async run<T>(
      destination: string,
      call: () => Promise<T>,
      failed: (result: T) => boolean,
      probeId: string | null = null,
      wasSent = () => true,
    ): Promise<T> {
      const entry = entryOf(destination)
      const judge = (result: T) => (result === null ? null : failed(result))
      const result = await (probeId ? call() : entry.circuit.run(call, judge))
      const isFailure = judge(result) === true
      if (isFailure) entry.window.failed()
      else if (result !== null) entry.window.succeeded()
      const probe = probeId
        ? { probe: { id: probeId, isUp: result === null ? null : !isFailure, wasSent: wasSent() } }
        : {}
      // A success is worth telling where there are failures that it ends.
      const isNews =
        isFailure || (result !== null && (entry.shared?.failures ?? 0) + (entry.outcomes?.failures ?? 0) > 0)
      if (isNews || probeId || entry.telling) {
        const report = { destination, succeeded: result !== null && !isFailure, failures: isFailure ? 1 : 0, ...probe }
        entry.outcomes = merged(entry.outcomes, report)
        options.onOutcome()
      }
      return result
    },

    /** How attempts have ended, to be told to the others. */
    takeOutcomes(): OutcomeReport[] {
      const taken: OutcomeReport[] = []
      for (const entry of entries.values()) {
        if (!entry.outcomes) continue
        taken.push(entry.outcomes)
        entry.outcomes = null
        entry.telling = true
      }
      return taken
    },

    /** They are told, or could not be: then the next call has them again. */
    outcomesTold(reports: OutcomeReport[], { again }: { again: boolean }): void {
      for (const report of reports) {
        const entry = entryOf(report.destination)
        entry.telling = false
        if (again) entry.outcomes = entry.outcomes ? merged(report, entry.outcomes) : report
      }
    },

    /** Takes a circuit as the cluster has it. @param now the time by the database's clock */
    learn(destination: string, circuit: SharedCircuit, now: Date): void {
      const known = entries.get(destination)
      if (!known && circuit.state === 'closed' && circuit.drainingSince === null) return
      const entry = entryOf(destination)
      const wasOpen = isOpen(entry)
      entry.shared = circuit
      entry.waitUntil = 0
      const retryAt = circuit.state === 'half_open' ? circuit.probeUntil : circuit.retryAt
      entry.retryAt = retryAt === null ? null : performance.now() + retryAt - now.getTime()
      if (circuit.state !== 'closed') backlog.expect(destination, 'circuit_open')
      // What it counted itself is not told yet: it is for the others to hear of it, not for it to forget.
      if (circuit.state !== 'closed' || entry.outcomes || entry.telling) return
      if (entry.circuit.state !== 'closed') entry.circuit = newCircuit()
      if (wasOpen) entry.window.restart(1)
      if (wasOpen || circuit.drainingSince !== null) {
        backlog.expect(destination, 'circuit_open')
        backlog.expect(destination, 'destination_busy')
      }
    },

    /** The destinations whose circuits this worker takes for open. */
    open: (): string[] => [...entries].filter(([, entry]) => isOpen(entry)).map(([destination]) => destination),
  }
}
export type Destinations = ReturnType<typeof createDestinations>
