import type { NotifyEvent } from '@scheduler/core/delivery'
import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
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
    /** The job whose secrets sign it; null for the instance's. */
    jobId: uuid(),
    url: text().notNull(),
    destination: text().notNull(),
    /** The body as it is sent. */
    body: text().notNull(),
    createdAt: instant().notNull(),
    attempt: integer().notNull().default(0),
    /** When it is attempted again; null once it is delivered or given up. */
    nextAttemptAt: instant(),
    deliveredAt: instant(),
    failedAt: instant(),
    status: integer(),
    error: text(),
  },
  (t) => [
    index('notifications_due').on(t.nextAttemptAt).where(sql`${t.nextAttemptAt} is not null`),
    // Serves retention.
    index('notifications_by_time').on(t.createdAt),
  ],
)
export type NotificationRow = typeof notifications.$inferSelect
