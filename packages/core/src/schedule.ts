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

export type Schedule = OnceSchedule | IntervalSchedule
export const scheduleTypes = ['once', 'interval', 'cron', 'rrule'] as const
export type ScheduleType = (typeof scheduleTypes)[number]

export const misfirePolicies = ['skip', 'last', 'all'] as const
export type MisfirePolicy = (typeof misfirePolicies)[number]

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
}

/** One instant that a schedule names, and the instant it is carried out at. Milliseconds since 1970. */
export interface Occurrence {
  /** What the rule names; the identity of the occurrence. */
  nominal: number
  /** `nominal` plus jitter; never past the next nominal time. */
  effective: number
}
