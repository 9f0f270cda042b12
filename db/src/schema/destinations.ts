import { drainOrders } from '@scheduler/core/circuit'
import { circuitCauses } from '@scheduler/core/shared-circuit'
import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { circuitState } from './circuits.ts'
import { instant } from './columns.ts'

/** The circuit of each destination that has failed, one for the whole cluster. A destination without a row is closed. */
export const destinations = pgTable(
  'destinations',
  {
    /** Origin of the callback URLs, `https://example.com`. */
    destination: text().primaryKey(),
    state: circuitState().notNull().default('closed'),
    /** Failures in a row, of all workers together. */
    failures: integer().notNull().default(0),
    openedAt: instant(),
    /** When an open circuit lets a probe through; null where it was opened by hand, and waits to be closed by hand. */
    retryAt: instant(),
    /** The execution that probes, and until when it has the word. */
    probeId: uuid(),
    probeUntil: instant(),
    /** When it closed with executions parked, as long as these are being released by the ramp; and how many were so far. */
    drainingSince: instant(),
    drained: integer().notNull().default(0),
    /** Which of its parked executions go first. */
    drainOrder: text({ enum: drainOrders }).notNull().default('oldest'),
    updatedAt: instant().notNull(),
  },
  (t) => [check('destinations_opened_iff_not_closed', sql`(${t.openedAt} is null) = (${t.state} = 'closed')`)],
)
export type DestinationRow = typeof destinations.$inferSelect

/** Every change of a circuit's state. */
export const circuitChanges = pgTable(
  'circuit_changes',
  {
    id: uuid().primaryKey(),
    destination: text().notNull(),
    /** The state it changed to. */
    state: circuitState().notNull(),
    cause: text({ enum: circuitCauses }).notNull(),
    /** Failures in a row, and executions parked, at that moment. */
    failures: integer().notNull(),
    parked: integer().notNull(),
    at: instant().notNull(),
  },
  // Serves the history of one destination, newest first, and retention.
  (t) => [index('circuit_changes_by_destination').on(t.destination, t.id), index('circuit_changes_by_time').on(t.at)],
)
export type CircuitChangeRow = typeof circuitChanges.$inferSelect
