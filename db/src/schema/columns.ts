import { timestamp } from 'drizzle-orm/pg-core'

/**
 * An instant with millisecond precision, as JavaScript's Date has it. Postgres' own microseconds would come back
 * rounded, and a key that is read and sent back (`scheduled_for`) would no longer match.
 */
export const instant = () => timestamp({ withTimezone: true, precision: 3 })
