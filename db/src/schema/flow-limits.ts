import { sql } from 'drizzle-orm'
import { boolean, check, doublePrecision, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** What a kind of flow is told apart by: all that goes to a destination, or all jobs that share a flow key. */
export const flowKinds = ['destination', 'key'] as const
export type FlowKind = (typeof flowKinds)[number]

/** Limits that clients set on what goes to a destination, or on jobs that share a flow key. No row: no limit. */
export const flowLimits = pgTable(
  'flow_limits',
  {
    kind: text({ enum: flowKinds }).notNull(),
    /** The destination or the flow key. */
    flow: text().notNull(),
    /** At most so many attempts begin … */
    rateCount: integer(),
    /** … in so many seconds. */
    ratePerSeconds: doublePrecision(),
    /** At most so many attempts are in flight. */
    concurrency: integer(),
    paused: boolean().notNull().default(false),
    /** When the next attempt may begin, by the rate (the theoretical arrival time of GCRA). */
    nextAt: instant(),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ name: 'flow_limits_pkey', columns: [t.kind, t.flow] }),
    check('flow_limits_rate_whole', sql`(${t.rateCount} is null) = (${t.ratePerSeconds} is null)`),
  ],
)
export type FlowLimitRow = typeof flowLimits.$inferSelect

/** Executions that a limited flow has let through and that are not settled yet. */
export const flowSlots = pgTable(
  'flow_slots',
  {
    executionId: uuid().notNull(),
    kind: text({ enum: flowKinds }).notNull(),
    flow: text().notNull(),
    /** When it lapses, should nobody give it back. */
    until: instant().notNull(),
  },
  (t) => [
    primaryKey({ name: 'flow_slots_pkey', columns: [t.executionId, t.kind] }),
    index('flow_slots_by_flow').on(t.kind, t.flow),
  ],
)
