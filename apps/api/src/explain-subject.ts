import type { Policies } from '@scheduler/core/schedule'
import type { Timeline } from '@scheduler/core/timeline'
import type { Change } from '@scheduler/core/zone-changes'
import type { FullExecution } from '@scheduler/db/queries/executions'
import type { HeldBy, Neighbour, Pause } from '@scheduler/db/queries/explain'
import type { Circuit } from '@scheduler/db/queries/list-circuits'
import type { JobVersionRow } from '@scheduler/db/schema/job-versions'
import type { JobRow } from '@scheduler/db/schema/jobs'

/** A job as it was, or is. */
export type Version = Omit<JobVersionRow, 'jobId' | 'validTo'>

/** A version, and what the planner makes of it. */
export interface Rule {
  version: Version
  /** A zone as `parseZone` returns it. */
  zone: string
  policies: Policies
  line: Timeline
}

/** An instant that is asked about, and what is known of it. */
export interface Subject {
  job: JobRow
  now: number
  /** The nominal instant, ms since 1970. */
  at: number
  /** How it was found from what was asked; null when the schedule names nothing there. */
  matched: 'exact' | 'second' | 'minute' | null
  /** The rule that counted; null when it is no longer known, or can't be computed. */
  rule: Rule | null
  /** The zone in which times are told. */
  zone: string
  row: FullExecution | null
}

export interface Blackout {
  from: number
  to: number
  /** Null: of the job itself. */
  tag: string | null
  reason: string | null
}

/** What else belongs to it. */
export interface Evidence {
  /** The execution before, for which it was not sent, or waits. */
  blocker: Neighbour | null
  /** The one after, which was sent in its place. */
  instead: Neighbour | null
  pause: Pause | null
  blackout: Blackout | null
  /** The time before which the job's executions were pruned by a bound on its own past; asked where it has none then. */
  prunedBefore: Date | null
  circuit: Circuit | null
  change: Change | null
  /** What limits its flow key and its destination now. */
  limits: HeldBy[]
  /** Whether the job may have said something else when the last attempt was made. */
  isEdited: boolean
  /** Whether callbacks bring URLs to acknowledge them by. */
  canTell: boolean
}

/** What is told of one that has an execution. */
export interface Told extends Subject, Evidence {
  row: FullExecution
}
