import type { Circuit } from '@scheduler/core/circuit'
import type { SendWindow } from '@scheduler/core/send-window'
import type { OutcomeReport, SharedCircuit } from '@scheduler/core/shared-circuit'
import type { Park } from '@scheduler/db/queries/begin-attempts'

/** What a worker knows of one destination. */
export interface Entry {
  /** This worker's own count: it opens at once, before the others are told. */
  circuit: Circuit
  /** The cluster's circuit, as it was last heard of; null: closed, as far as is known. */
  shared: SharedCircuit | null
  /** When a probe may be asked for, by `performance.now()`; null: not before somebody closes the circuit by hand. */
  retryAt: number | null
  window: SendWindow
  inFlight: number
  /** Why executions of it are parked, as far as is known; a free place brings them back before their time. */
  parked: Set<Park['reason']>
  /** Until when to leave them alone, by `performance.now()`. */
  waitUntil: number
  /** How attempts have ended that the others have not been told of. */
  outcomes: OutcomeReport | null
  /** Whether they are being told at this moment. */
  telling: boolean
}

/** Whether nothing may be sent but a probe, by what this worker counted itself or by what it has heard. */
export function isOpen({ circuit, shared }: Entry): boolean {
  return circuit.state !== 'closed' || (shared !== null && shared.state !== 'closed')
}

/** Two reports of one destination as one: what came first is of no account where a success followed. */
export function merged(first: OutcomeReport | null, then: OutcomeReport): OutcomeReport {
  if (!first) return then
  const probe = then.probe ?? first.probe
  return {
    destination: then.destination,
    succeeded: first.succeeded || then.succeeded,
    failures: then.failures + (then.succeeded ? 0 : first.failures),
    ...(probe && { probe }),
  }
}

/** Entries kept, as long as there are idle ones to make room: the least recently called first. */
const MOST = 10_000

/** Takes out idle entries until there is room for one more, or none is left. */
export function makeRoom(entries: Map<string, Entry>): void {
  for (const [destination, entry] of entries) {
    if (entries.size < MOST) return
    const { inFlight, parked, outcomes, telling } = entry
    if (inFlight > 0 || parked.size > 0 || outcomes || telling || isOpen(entry)) continue
    entries.delete(destination)
  }
}
