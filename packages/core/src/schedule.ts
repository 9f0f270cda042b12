/**
 * The shapes the planner works on. They are what `jobs.schedule` holds (JSON), so they change only by adding.
 *
 * Wall times are ISO 8601 with the offset they had when they were stored, `2024-01-20T08:00:00.000+07:00`: the part
 * before the offset is the wall time in the job's zone, the whole is the instant. When a job moves to another zone,
 * `rezone` keeps the wall time and writes the new offset.
 */

/** A schedule of one occurrence. */
export interface OnceSchedule {
  type: 'once'
  /** The instant, ISO 8601 with offset. */
  at: string
}

/** Calendar units (years to days) are added first, in the zone; exact units (hours to seconds) after, as a duration. */
export interface Every {
  years?: number
  months?: number
  weeks?: number
  days?: number
  hours?: number
  minutes?: number
  seconds?: number
}

/** Occurrence n is `anchor + n × every`, n = 0, 1, …; never computed from the one before. */
export interface IntervalSchedule {
  type: 'interval'
  every: Every
  /** Occurrence 0, ISO 8601 with offset: the start date, or the moment of creation when none was given. */
  anchor: string
  /** False when the anchor is the moment of creation: the first run is then one interval later. */
  anchorGiven: boolean
  /** The last instant an occurrence may have, inclusive; ISO 8601 with offset. */
  end?: string
}

/** The bounds that every recurring schedule may have besides its rule. */
export interface Bounds {
  /** The first instant an occurrence may have, inclusive; ISO 8601 with offset. */
  start?: string
  /** The last instant an occurrence may have, inclusive; ISO 8601 with offset. */
  end?: string
}

export interface CronSchedule extends Bounds {
  type: 'cron'
  /** Five fields, or six with seconds first; or a nickname such as `@daily`. As the client gave it. */
  cron: string
}

/** Occurrences of an RFC 5545 rule in the job's zone. */
export interface RruleSchedule extends Bounds {
  type: 'rrule'
  /**
   * RRULE, RDATE and EXDATE lines, joined by line feeds; DTSTART is `anchor`. Without TZID: a time without `Z` is wall time
   * in the job's zone.
   */
  rrule: string
  /** DTSTART, ISO 8601 with offset; or the moment of creation, without milliseconds, when none was given. */
  anchor: string
  /** False when the anchor is the moment of creation. */
  anchorGiven: boolean
}

export type Schedule = OnceSchedule | IntervalSchedule | CronSchedule | RruleSchedule
export const scheduleTypes = ['once', 'interval', 'cron', 'rrule'] as const
export type ScheduleType = (typeof scheduleTypes)[number]

export const misfirePolicies = ['skip', 'last', 'all'] as const
export type MisfirePolicy = (typeof misfirePolicies)[number]

/** What becomes of a wall time that a change of clock leaves out: the same distance past the gap; its end; nothing. */
export const gapPolicies = ['shift', 'next_valid', 'skip'] as const
/** Which pass of a wall time that occurs twice counts. */
export const foldPolicies = ['first', 'second', 'both'] as const

/** How the wall times of a calendar rule are placed where the clocks change. */
export interface Dst {
  gap: (typeof gapPolicies)[number]
  fold: (typeof foldPolicies)[number]
}

export const defaultDst: Dst = { gap: 'shift', fold: 'first' }

/** What a change of clock did to an occurrence; null: nothing. */
export const dstMarks = ['gap_shifted', 'gap_skipped', 'fold_first', 'fold_second'] as const
export type DstMark = (typeof dstMarks)[number] | null

/** What becomes of an occurrence that is due while an earlier one is not finished. */
export const overlapPolicies = ['skip', 'queue_one', 'queue_all', 'cancel_running', 'allow'] as const
export type OverlapPolicy = (typeof overlapPolicies)[number]

/** A stretch of time in which nothing is sent: `from` inclusive, `to` exclusive, ms since 1970. */
export interface Blackout {
  from: number
  to: number
}

export interface Misfire {
  policy: MisfirePolicy
  /** Seconds an occurrence may be late and still be sent. */
  graceSeconds: number
  /** How many missed occurrences `all` sends at the most; the newest ones. */
  max: number
}

/** Everything about a job, besides its schedule, that decides what is sent and when. */
export interface Policies {
  /** A zone as `parseZone` returns it. */
  zone: string
  /** Seed of the jitter: the job's id. */
  seed: string
  /** Largest delay added to an occurrence, seconds; 0 for none. */
  jitterSeconds: number
  misfire: Misfire
  overlap: OverlapPolicy
  dst: Dst
  /** How many occurrences are sent before the job is completed; null for no limit. Those not sent don't count. */
  maxRuns: number | null
  /** When nothing is sent; as `disjoint` returns them. */
  blackouts: readonly Blackout[]
}

/** What the planner has to know of a job's past besides its cursor. */
export interface JobState {
  /** Occurrences of the schedule that were sent, or are to be. */
  runs: number
  /** Executions that are queued, running, waiting or parked, but for those behind others. */
  live: number
  /** Executions that wait for those before them. */
  behind: number
}

export const untouched: JobState = { runs: 0, live: 0, behind: 0 }

/** One instant that a schedule names, and the instant it is carried out at. Milliseconds since 1970. */
export interface Occurrence {
  /** What the rule names; the identity of the occurrence. */
  nominal: number
  /** `nominal` plus jitter; never past the next nominal time. */
  effective: number
}
