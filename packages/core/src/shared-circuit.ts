import type { CircuitStateName } from './circuit.ts'

/** The circuit of a destination as the whole cluster has it. Times are ms since 1970, by the database's clock. */
export interface SharedCircuit {
  state: CircuitStateName
  /** Failures in a row, of all workers together. */
  failures: number
  /** When it opened; null while it is closed. */
  openedAt: number | null
  /** When a probe may go; null while it is closed, and where it was opened by hand without an end. */
  retryAt: number | null
  /** The execution that probes, and until when it has the word; null while none does. */
  probeId: string | null
  probeUntil: number | null
  /** When it closed, as long as what was parked is being let go. */
  drainingSince: number | null
}

export const closedCircuit: SharedCircuit = {
  state: 'closed',
  failures: 0,
  openedAt: null,
  retryAt: null,
  probeId: null,
  probeUntil: null,
  drainingSince: null,
}

/** How attempts to a destination have ended in one worker since it told the last time. */
export interface OutcomeReport {
  destination: string
  /** Whether any of them did not count against the destination. */
  succeeded: boolean
  /** How many did, since the last that did not. */
  failures: number
  /** The probe among them, if it was. */
  probe?: {
    id: string
    /** Null where it was broken off, which shows nothing. */
    isUp: boolean | null
    /** Whether a request was made for it. */
    wasSent: boolean
  }
}

export const circuitCauses = [
  'failures',
  'probe',
  'probe_failed',
  'probe_lost',
  'probe_succeeded',
  'opened',
  'closed',
  'reset',
] as const
export type CircuitCause = (typeof circuitCauses)[number]

/** What a circuit becomes, and why where its state changes. */
export interface Transition {
  circuit: SharedCircuit
  cause: CircuitCause | null
}

export interface CircuitSettings {
  /** Failures in a row that open it. */
  failMax: number
  /** How long it stays open before a probe may go, ms. */
  resetMs: number
}

/**
 * What a report makes of a circuit. While it is not closed only its probe counts: the others began before it opened, and
 * say what was known then.
 */
export function afterReport(
  circuit: SharedCircuit,
  report: OutcomeReport,
  now: number,
  settings: CircuitSettings,
): Transition {
  if (circuit.state === 'closed') {
    const failures = report.failures + (report.succeeded ? 0 : circuit.failures)
    if (failures < settings.failMax) return { circuit: { ...circuit, failures }, cause: null }
    return { circuit: opened({ ...circuit, failures }, now, now + settings.resetMs), cause: 'failures' }
  }
  const { probe } = report
  if (!probe || probe.id !== circuit.probeId) return { circuit, cause: null }
  if (probe.isUp) return { circuit: closed(circuit, now), cause: 'probe_succeeded' }
  const again = { ...circuit, state: 'open', probeId: null, probeUntil: null } as const
  // One request for each reset time, whatever became of it: only one that was never made gives its turn back at once.
  const retryAt = probe.wasSent ? now + settings.resetMs : now
  if (probe.isUp === null) return { circuit: { ...again, retryAt }, cause: 'probe_lost' }
  return { circuit: { ...again, failures: circuit.failures + 1, retryAt }, cause: 'probe_failed' }
}

/** Whether an execution may be sent to find out: its time is up, and no other is on its way, or it was lost. */
export function mayProbe({ state, retryAt, probeUntil }: SharedCircuit, now: number): boolean {
  if (state === 'open') return retryAt !== null && now >= retryAt
  return state === 'half_open' && (probeUntil === null || now >= probeUntil)
}

/** The circuit with an execution as its probe, which has the word for `ms`. */
export function probing(circuit: SharedCircuit, probeId: string, now: number, ms: number): SharedCircuit {
  return { ...circuit, state: 'half_open', probeId, probeUntil: now + ms }
}

/** @param retryAt null: until it is closed by hand */
export function opened(circuit: SharedCircuit, now: number, retryAt: number | null): SharedCircuit {
  const openedAt = circuit.openedAt ?? now
  return { ...circuit, state: 'open', openedAt, retryAt, probeId: null, probeUntil: null, drainingSince: null }
}

/** @param failures that it keeps: one closed by hand may be kept on the brink */
export function closed(circuit: SharedCircuit, now: number, failures = 0): SharedCircuit {
  const drainingSince = circuit.state === 'closed' ? circuit.drainingSince : now
  return { ...closedCircuit, failures, drainingSince }
}
