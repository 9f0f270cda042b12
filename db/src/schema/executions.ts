import { executionKinds, executionReasons, executionStates, finalStates } from '@scheduler/core/execution'
import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgEnum, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

export const executionState = pgEnum('execution_state', executionStates)
export const executionKind = pgEnum('execution_kind', executionKinds)
export const executionReason = pgEnum('execution_reason', executionReasons)

/**
 * Holds of executions that wait for their next attempt, as opposed to parked ones: by their reason, since no index may name
 * `state`. Queries must say it in these words for the index to serve them.
 */
export const IS_WAITING = `(reason is null or reason not in ('circuit_open', 'destination_busy'))`

/**
 * Executions that finished more than a day after their nominal time: backfills, misfires, what was parked for long. Queries must
 * say it in these words for the index to serve them.
 */
export const IS_LATE = `finished_at - scheduled_for > interval '1 day'`

const finalList = sql.raw(finalStates.map((state) => `'${state}'`).join(', '))

/**
 * The ledger: one row for each occurrence that was due, sent or not; a run of unsent ones with one reason is one row.
 *
 * It is partitioned by `scheduled_for`, as `attempts` is, with the same bounds: its migration says so, drizzle can't. So look
 * rows up by id and `scheduled_for`. There is no foreign key to `jobs`: it would lock the job's row on every insert. A job is
 * pruned only after its executions.
 */
export const executions = pgTable(
  'executions',
  {
    /** The `webhook-id` of every attempt; see `executionId`. */
    id: uuid().notNull(),
    jobId: uuid().notNull(),
    /** The job's version whose schedule named the occurrence. */
    jobVersion: integer().notNull(),
    kind: executionKind().notNull(),
    state: executionState().notNull(),
    reason: executionReason(),
    /** Requests made so far; 0 until the first begins. Rises with each that does, and fences a late settle. */
    attempt: integer().notNull().default(0),

    /** The nominal time of the occurrence; of a run of unsent ones, the first. */
    scheduledFor: instant().notNull(),
    /** The last nominal time of a run of unsent occurrences; null for a single one. */
    scheduledUntil: instant(),
    /** How many occurrences the row stands for. */
    count: integer().notNull().default(1),
    /** The nominal time plus jitter; of one that is sent late on purpose, at a rate, the time of its turn. */
    effectiveAt: instant().notNull(),
    createdAt: instant().notNull(),
    /** Attempts that have failed and count against the job's retries; those that were lost with a worker do not. */
    failures: integer().notNull().default(0),
    /** When its first attempt began; what the age of its retries is counted from. */
    firstAttemptAt: instant(),
    /** When a waiting or parked execution is dispatched again; null in every other state. */
    nextAttemptAt: instant(),
    /** When and by which worker the latest attempt was claimed. */
    claimedAt: instant(),
    claimedBy: uuid(),
    finishedAt: instant(),
    /** When it failed for good, as long as it is a dead letter: neither redriven nor put away. */
    deadAt: instant(),
    /** When it was last taken out of the dead letters to be attempted again. */
    redrivenAt: instant(),
    /**
     * Until when its receiver, which answered 202, may say how its work ended. It is `running` and has no item meanwhile.
     */
    ackDeadlineAt: instant(),
    /**
     * When it was to be cancelled while an attempt was in flight; a 2xx of that attempt still makes it succeeded. Its reason says
     * whether a person asked for it.
     */
    cancelRequestedAt: instant(),
    /**
     * Whether it waits until the executions of its job before it are finished; its next attempt is then far away. Says
     * nothing of a finished one: 0.1.0 cancels executions without knowing of it.
     */
    behind: boolean().notNull().default(false),

    /** Origin of the callback URL. */
    destination: text().notNull(),
    /** The job's flow key when it was dispatched. */
    flowKey: text(),
    /** The pg-boss item that carries it now or carried it last; an older item's claim finds nothing. */
    itemId: uuid(),
  },
  (t) => [
    // Carries scheduled_for since the table is partitioned by it.
    primaryKey({ name: 'executions_pkey', columns: [t.id, t.scheduledFor] }),
    // Two dispatchers that race for one occurrence both insert; this lets exactly one of them win. Serves the job's list.
    unique('executions_one_per_occurrence').on(t.jobId, t.scheduledFor, t.kind),
    // Serves the dispatcher: waiting executions, soonest first.
    index('executions_next_attempt')
      .on(t.nextAttemptAt)
      .where(sql`${t.nextAttemptAt} is not null and ${sql.raw(IS_WAITING)}`),
    // No index may name `state`: the step from queued to running then needs no new index entries (a HOT update).
    // Serves the refill of one destination, job by job, the list of busy ones, and the parked counts of GET /circuits.
    index('executions_parked_by_job')
      .on(t.reason, t.destination, t.jobId, t.scheduledFor, t.id)
      .where(sql`${t.nextAttemptAt} is not null`),
    // Serves the refill of one flow key, job by job.
    index('executions_key_limited')
      .on(t.flowKey, t.jobId, t.scheduledFor, t.id)
      .where(sql`${t.nextAttemptAt} is not null and ${t.flowKey} is not null`),
    // Serves GET /dead-letters, newest first.
    index('executions_dead').on(t.deadAt, t.id).where(sql`${t.deadAt} is not null`),
    // Serves those whose receivers did not acknowledge in time.
    index('executions_ack_deadline').on(t.ackDeadlineAt).where(sql`${t.ackDeadlineAt} is not null`),
    // Serves the reconciler, and what a delete, a pause or an edit does to a job's unfinished executions.
    index('executions_live').on(t.jobId, t.scheduledFor).where(sql`${t.finishedAt} is null`),
    // Serves the promotion of the next execution of a job, once the one before it is finished. Nearly always empty.
    index('executions_behind').on(t.jobId, t.scheduledFor).where(sql`${t.behind}`),
    // Serves GET /executions (newest first) and retention. With the id: ten thousand executions
    // may share an instant, and looking one up by both (a claim, a settle) must not read them all.
    index('executions_by_time').on(t.scheduledFor, t.id),
    // Serves retention: those that finished long after their time, and stay when all others of their time go.
    index('executions_late')
      .on(t.finishedAt)
      .where(sql`${sql.raw(IS_LATE)}`),
    check('executions_finished_iff_final', sql`(${t.finishedAt} is not null) = (${t.state} in (${finalList}))`),
    check(
      'executions_next_attempt_iff_held',
      sql`(${t.nextAttemptAt} is not null) = (${t.state} in ('waiting', 'parked'))`,
    ),
    check('executions_attempt_not_negative', sql`${t.attempt} >= 0`),
    check('executions_dead_is_failed', sql`${t.deadAt} is null or ${t.state} = 'failed'`),
    check('executions_awaited_is_running', sql`${t.ackDeadlineAt} is null or ${t.state} = 'running'`),
    check('executions_count_positive', sql`${t.count} >= 1`),
    check('executions_sent_has_attempt', sql`${t.state} not in ('running', 'succeeded') or ${t.attempt} > 0`),
  ],
)
export type ExecutionRow = typeof executions.$inferSelect
