import type { NotifyEvent } from '@scheduler/core/delivery'
import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** What happened to an execution, a job or a circuit, written in the same transaction; deleted once it has been dealt with. */
export const events = pgTable('events', {
  /** UUIDv7, so that the oldest come first. */
  id: uuid().primaryKey(),
  type: text().notNull(),
  jobId: uuid(),
  executionId: uuid(),
  destination: text(),
  at: instant().notNull(),
  /** What else is told of it. */
  data: jsonb().$type<Record<string, unknown>>().notNull(),
})
export type EventRow = typeof events.$inferSelect

/** What is told to the URLs that asked for it. */
export const notifications = pgTable(
  'notifications',
  {
    /** UUIDv7; the `webhook-id` of every attempt. */
    id: uuid().primaryKey(),
    type: text().$type<NotifyEvent>().notNull(),
    /** The job it is about; of a circuit's, the job at whose URL it arrives, null at the instance's. */
    jobId: uuid(),
    /** Whether it goes to the instance's URL and is signed with its secrets; otherwise to the job's, with the job's. */
    toInstance: boolean().notNull().default(false),
    url: text().notNull(),
    /** Origin of the URL. */
    destination: text().notNull(),
    /** The body as it is sent. */
    body: text().notNull(),
    createdAt: instant().notNull(),
    attempt: integer().notNull().default(0),
    /** When it is attempted next, or again if the worker that attempts it is lost; null once it is delivered or given up. */
    nextAttemptAt: instant(),
    deliveredAt: instant(),
    failedAt: instant(),
    status: integer(),
    error: text(),
  },
  (t) => [
    // Serves the look-ahead.
    index('notifications_due').on(t.nextAttemptAt).where(sql`${t.nextAttemptAt} is not null`),
    // Serves the notifier, which goes from destination to destination.
    index('notifications_due_by_destination')
      .on(t.destination, t.nextAttemptAt)
      .where(sql`${t.nextAttemptAt} is not null`),
    // Serve the filters of GET /notifications.
    index('notifications_by_job').on(t.jobId, t.id).where(sql`${t.jobId} is not null`),
    index('notifications_by_type').on(t.type, t.id),
    index('notifications_failed').on(t.id).where(sql`${t.failedAt} is not null`),
    // Serves retention.
    index('notifications_by_time').on(t.createdAt),
  ],
)
export type NotificationRow = typeof notifications.$inferSelect
