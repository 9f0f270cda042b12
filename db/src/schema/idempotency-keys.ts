import { index, jsonb, pgTable, smallint, text } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** Answers to creates that came with an `Idempotency-Key`, to be given again. Written in the create's own transaction. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    key: text().primaryKey(),
    /** SHA-256 of method, path and body, hexadecimal. */
    fingerprint: text().notNull(),
    createdAt: instant().notNull(),
    status: smallint().notNull(),
    headers: jsonb().$type<Record<string, string>>().notNull(),
    /** The answer's JSON, byte for byte. */
    body: text().notNull(),
  },
  // Serves retention.
  (t) => [index('idempotency_keys_created').on(t.createdAt)],
)
