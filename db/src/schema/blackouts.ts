import { sql } from 'drizzle-orm'
import { check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** Stretches of time in which nothing is sent of jobs that have a tag. Those of one job are in its policies. */
export const blackouts = pgTable(
  'blackouts',
  {
    /** UUIDv7, so that newest first is the primary key backwards. */
    id: uuid().primaryKey(),
    tag: text().notNull(),
    /** Inclusive. */
    fromAt: instant().notNull(),
    /** Exclusive. */
    toAt: instant().notNull(),
    reason: text(),
    createdAt: instant().notNull(),
    /** When it was deleted after it had begun: it stays for what it left out until then, and is over. */
    deletedAt: instant(),
  },
  (t) => [
    // Serves the dispatcher: the blackouts of the tags of due jobs.
    index('blackouts_by_tag').on(t.tag, t.toAt),
    check('blackouts_from_before_to', sql`${t.fromAt} < ${t.toAt}`),
  ],
)
export type BlackoutRow = typeof blackouts.$inferSelect
