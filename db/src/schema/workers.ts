import { boolean, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** Workers that live, by their heartbeats. A row whose heartbeat is old is a worker that is gone. */
export const workers = pgTable('workers', {
  id: uuid().primaryKey(),
  hostname: text().notNull(),
  pid: integer().notNull(),
  startedAt: instant().notNull(),
  heartbeatAt: instant().notNull(),
  /** Attempts in flight at the heartbeat. */
  inFlight: integer().notNull().default(0),
  draining: boolean().notNull().default(false),
})
