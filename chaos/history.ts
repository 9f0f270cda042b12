// What a run was: what clients asked for and were answered, what was done to the system, what arrived and what the ledger says.
// All that the checker judges by. Times are ms since 1970 by the clock of this machine, which the database runs on too.
import type { Arrival } from '../bench/receiver.ts'

export type { Arrival }

/** When a job is due. Written down by the client that asked for it, not read back from the service. */
export type Due =
  | { type: 'once'; at: number }
  /** At `anchor`, and each `everyMs` after it, up to and including `end`. */
  | { type: 'interval'; everyMs: number; anchor: number; end: number | null }
  /** Five or six fields, on the wall clock of `timezone`. */
  | { type: 'cron'; expression: string; timezone: string }

export interface Definition {
  due: Due
  /** The path of its callbacks, its own in each version, so that what arrives says which version was sent. */
  path: string
  /** How long after its time an occurrence is still sent although a newer one is due; null where none is ever left out. */
  coalesces: boolean
}

/** One thing that a client asked of a job. A client asks again, with the same idempotency key, until it is answered. */
export interface Change {
  kind: 'create' | 'edit' | 'pause' | 'resume' | 'delete' | 'run'
  /** When it was first asked for. */
  sentAt: number
  /** When it was answered with a success; null where it never was, so that nobody knows whether it was done. */
  answeredAt: number | null
  /** Of a create and an edit: all that the job is from then on. */
  definition?: Definition
}

export interface JobHistory {
  id: string
  /** In the order in which they were asked for; the first is its create. Never two at once for one job. */
  changes: Change[]
}

/** Something that was done to the system, from its beginning until it was healed. */
export interface Fault {
  /** `worker killed`, `database stopped`; what the report says. */
  kind: string
  from: number
  to: number
  /** Process ids of the workers that it hit; null for all of them. */
  pids: number[] | null
  /** Whether an attempt that was in flight meanwhile may have to be made again. */
  mayRepeat: boolean
  /** Attempts that were in flight on what was hit, where they were counted. */
  inFlight?: number
}

/** A row of `executions`. */
export interface LedgerRow {
  id: string
  jobId: string
  kind: string
  state: string
  reason: string | null
  attempt: number
  scheduledFor: number
  /** Of a run of occurrences that were not sent, the last; null of a single one. */
  scheduledUntil: number | null
  count: number
  finishedAt: number | null
}

/** A row of `attempts`, with the process id of its worker. */
export interface AttemptRow {
  executionId: string
  attempt: number
  outcome: string
  status: number | null
  startedAt: number
  finishedAt: number
  pid: number | null
}

export interface History {
  /** Each job whose create was answered, and those of which nobody knows. */
  jobs: JobHistory[]
  faults: Fault[]
  arrivals: Arrival[]
  ledger: LedgerRow[]
  attempts: AttemptRow[]
  /** Nothing was asked for, broken or due any more from then on, and all was read later. */
  quietSince: number
}
