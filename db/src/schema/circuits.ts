import { circuitStates } from '@scheduler/core/circuit'
import { integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

export const circuitState = pgEnum('circuit_state', circuitStates)

/** What 0.1.0's workers write, and nobody reads any more. It goes once no such worker can be running beside this version. */
export const circuits = pgTable(
  'circuits',
  {
    destination: text().notNull(),
    workerId: uuid().notNull(),
    state: circuitState().notNull(),
    /** Consecutive failures. */
    failures: integer().notNull(),
    openedAt: instant(),
    /** When an open circuit lets a probe through. */
    retryAt: instant(),
    updatedAt: instant().notNull(),
  },
  (t) => [primaryKey({ name: 'circuits_pkey', columns: [t.destination, t.workerId] })],
)
export type CircuitRow = typeof circuits.$inferSelect
