import type { Violation } from './violations.ts'

/** Carries statements out, and says how they are undone. */
const changed =
  (says: RegExp, work: string[], undo: string[]): Violation =>
  async (pool) => {
    for (const statement of work) await pool.query(statement)
    return { says, undo }
  }

const INDEX = 'jobs_deleted'

/** Tables, queues and settings that are not as they must be, by the name of the invariant that finds it. */
export const brokenSettings: Record<string, Violation> = {
  'constraints there': changed(
    /the table jobs has no constraint jobs_active_iff_due/,
    ['alter table jobs rename constraint jobs_active_iff_due to put_aside'],
    ['alter table jobs rename constraint put_aside to jobs_active_iff_due'],
  ),
  'constraints valid': changed(
    /the constraint unsure of jobs is not validated/,
    ['alter table jobs add constraint unsure check (version > 0) not valid'],
    ['alter table jobs drop constraint unsure'],
  ),
  'indexes there': changed(
    /the table jobs has no index jobs_deleted/,
    [`alter index ${INDEX} rename to put_aside`],
    [`alter index put_aside rename to ${INDEX}`],
  ),
  'indexes valid': changed(
    /the index half_made of executions is not valid/,
    // Of the whole only, as when a partition lacks it.
    ['create index half_made on only executions (created_at)'],
    ['drop index half_made'],
  ),
  'schema of this version': changed(
    /the schema of pg-boss is newer than this version/,
    ['update pgboss.version set version = version + 1'],
    ['update pgboss.version set version = version - 1'],
  ),
  'queues as they were made': changed(
    /the queue deliver has retry_limit 0, not 10/,
    [`update pgboss.queue set retry_limit = 0 where name = 'deliver'`],
    [`update pgboss.queue set retry_limit = 10 where name = 'deliver'`],
  ),
}
