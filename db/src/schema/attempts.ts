import { attemptOutcomes } from '@scheduler/core/execution'
import { integer, pgEnum, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

export const attemptOutcome = pgEnum('attempt_outcome', attemptOutcomes)

/** One row for each HTTP request of an execution, written when its outcome is known. Partitioned as `executions` is. */
export const attempts = pgTable(
  'attempts',
  {
    executionId: uuid().notNull(),
    scheduledFor: instant().notNull(),
    /** Counted from 1. */
    attempt: integer().notNull(),
    outcome: attemptOutcome().notNull(),
    /** HTTP status; null when no answer came. */
    status: smallint(),
    /** By the database's clock. */
    startedAt: instant().notNull(),
    finishedAt: instant().notNull(),
    /** The job's version that was sent. */
    jobVersion: integer().notNull(),
    workerId: uuid().notNull(),
    /** A short code, `ETIMEDOUT` or `connection refused`; never an address, a header or a body of ours. */
    error: text(),
    /** Where the time went, ms: none of a part that was not reached, or that a kept connection made needless. */
    dnsMs: integer(),
    connectMs: integer(),
    tlsMs: integer(),
    /** From the request's last byte to the answer's first. */
    firstByteMs: integer(),
    totalMs: integer(),
    /** The first 1,000 characters of the answer's body. */
    responseHead: text(),
  },
  (t) => [primaryKey({ name: 'attempts_pkey', columns: [t.executionId, t.scheduledFor, t.attempt] })],
)
export type AttemptRow = typeof attempts.$inferSelect
