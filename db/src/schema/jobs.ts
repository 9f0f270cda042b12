import type { StoredDelivery } from '@scheduler/core/delivery'
import type { Retention } from '@scheduler/core/retention'
import type { Dst, Misfire, MisfirePolicy, OverlapPolicy, Schedule } from '@scheduler/core/schedule'
import { scheduleTypes } from '@scheduler/core/schedule'
import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** `active` makes occurrences; `completed` has none left; `quarantined`: its schedule can't be computed. */
export const jobStatuses = ['active', 'paused', 'completed', 'quarantined'] as const
export type JobStatus = (typeof jobStatuses)[number]

export const jobType = pgEnum('job_type', scheduleTypes)
export const jobStatus = pgEnum('job_status', jobStatuses)

/** `jobs.policies`. A missing `graceSeconds` follows the instance's `MISFIRE_GRACE_TIME`. */
export interface StoredPolicies {
  misfire?: Partial<Misfire>
  jitterSeconds?: number
  overlap?: OverlapPolicy
  dst?: Partial<Dst>
  maxRuns?: number
  /** ISO 8601 with offset, `from` inclusive, `to` exclusive. */
  blackouts?: { from: string; to: string }[]
}

/** What clients registered: a callback, a schedule, policies; and the clock that says when each is due next. */
export const jobs = pgTable(
  'jobs',
  {
    /** UUIDv7, so that newest first is the primary key backwards. */
    id: uuid().primaryKey(),
    type: jobType().notNull(),
    status: jobStatus().notNull().default('active'),
    /** Why the job is paused or quarantined; null otherwise. */
    statusReason: text(),
    /** Rises by one with each edit, pause and resume, and when the job is quarantined; the ETag. Dispatching leaves it. */
    version: integer().notNull().default(1),

    /**
     * When the dispatcher must look at the job: the effective time of the next occurrence, or the end of a run of occurrences
     * before it that are not to be sent. Null: nothing to come.
     */
    nextRunAt: instant(),
    /** The nominal time of the next occurrence to be sent; when only others are left, of the last of them. */
    nextScheduledFor: instant(),
    /** Every occurrence up to and including this nominal instant is in the ledger, or was before the job's time. */
    cursorAt: instant().notNull(),
    /** Occurrences sent since the schedule began; what `max_runs` counts. */
    runs: integer().notNull().default(0),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
    pausedAt: instant(),
    /** When a paused job is resumed by itself, and what then becomes of the occurrences of the pause. */
    pausedUntil: instant(),
    resumeMissed: text().$type<MisfirePolicy>(),
    /** Set once no occurrence is left; retention counts from here. */
    completedAt: instant(),
    /** A deleted job is kept, invisible, as long as its executions may be read. */
    deletedAt: instant(),

    callbackUrl: text().notNull(),
    /** Origin of the callback URL, `https://example.com`; what a circuit belongs to. */
    destination: text().notNull(),
    /** Host name of the callback URL, lower case, without the port. */
    callbackHost: text().notNull(),
    timezone: text().notNull(),
    schedule: jsonb().$type<Schedule>().notNull(),
    policies: jsonb().$type<StoredPolicies>().notNull(),
    name: text(),
    externalId: text(),
    tags: text().array().notNull().default(sql`'{}'::text[]`),
    /** How its callbacks are made, where that differs from the default; null: as every job's. */
    delivery: jsonb().$type<StoredDelivery>(),
    /** The key that it shares a rate or a number of places with others by; see `flow_limits`. */
    flowKey: text(),
    /** Less of its past is kept than the instance keeps; null: as much. */
    retention: jsonb().$type<Retention>(),
    /** Executions that have failed for good since the last success. */
    failedInRow: integer().notNull().default(0),
    /** The body as it is sent, byte for byte. Text: jsonb reorders keys and refuses \u0000. */
    payload: text().notNull(),
  },
  (t) => [
    // Serves the dispatcher: due jobs, soonest first.
    index('jobs_due').on(t.nextRunAt).where(sql`${t.nextRunAt} is not null`),
    // Serve the filters of GET /jobs. Each dispatch writes an entry into every index that has the row, hence partial.
    index('jobs_by_callback_host').on(t.callbackHost, t.id).where(sql`${t.deletedAt} is null`),
    index('jobs_by_external_id').on(t.externalId, t.id).where(sql`${t.externalId} is not null`),
    index('jobs_by_status').on(t.status, t.id).where(sql`${t.status} <> 'active'`),
    index('jobs_by_tag').using('gin', t.tags).where(sql`${t.tags} <> '{}'`),
    // Serves the dispatcher: pauses that end, soonest first.
    index('jobs_paused_until').on(t.pausedUntil).where(sql`${t.pausedUntil} is not null`),
    // Serves what is told of a circuit: whom to tell, each URL once. A digest, since an index holds no URL of any length.
    index('jobs_to_tell')
      .on(t.destination, sql`md5((${t.delivery} -> 'notify') ->> 'url')`)
      .where(sql`${t.deletedAt} is null and (${t.delivery} -> 'notify') is not null`),
    // Serves retention by the bounds of jobs: those that have some, and those whose were written lately.
    index('jobs_bounded').on(t.updatedAt, t.id).where(sql`${t.retention} is not null`),
    // Serve retention.
    index('jobs_deleted').on(t.deletedAt).where(sql`${t.deletedAt} is not null`),
    index('jobs_completed').on(t.completedAt).where(sql`${t.completedAt} is not null`),
    check(
      'jobs_active_iff_due',
      sql`(${t.status} = 'active' and ${t.deletedAt} is null) = (${t.nextRunAt} is not null)`,
    ),
    check('jobs_next_times_together', sql`(${t.nextRunAt} is null) = (${t.nextScheduledFor} is null)`),
    check('jobs_completed_has_time', sql`(${t.status} = 'completed') = (${t.completedAt} is not null)`),
  ],
)
export type JobRow = typeof jobs.$inferSelect
