import type { Schedule } from '@scheduler/core/schedule'
import { index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'
import { jobStatus, type StoredPolicies } from './jobs.ts'

/**
 * What jobs were before they were changed, so that a question about yesterday is answered by yesterday's rule. A row is
 * written when its version ends; the version in force is in `jobs`. Payloads are not kept.
 */
export const jobVersions = pgTable(
  'job_versions',
  {
    jobId: uuid().notNull(),
    version: integer().notNull(),
    /** From when it was in force, inclusive, until when, exclusive. */
    validFrom: instant().notNull(),
    validTo: instant().notNull(),
    status: jobStatus().notNull(),
    statusReason: text(),
    callbackUrl: text().notNull(),
    timezone: text().notNull(),
    schedule: jsonb().$type<Schedule>().notNull(),
    policies: jsonb().$type<StoredPolicies>().notNull(),
    tags: text().array().notNull(),
  },
  (t) => [
    primaryKey({ name: 'job_versions_pkey', columns: [t.jobId, t.version] }),
    // Serves retention.
    index('job_versions_valid_to').on(t.validTo),
  ],
)
export type JobVersionRow = typeof jobVersions.$inferSelect
